"""What the compliance file is made from: facts of this installation, facts that only the company knows, incidents."""
