"""The keys of REST clients, and the counts by which their requests and wrong passwords are limited."""
