"""What readers say and what is answered, who is due to deliver, how much the site is used, and whether all is well."""
