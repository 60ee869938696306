"""The pages of an account about itself: signing in, its password, its second factor, its sessions, its e-mail."""
