"""Who is due to deliver, whom to write to about it, and the reminder."""
