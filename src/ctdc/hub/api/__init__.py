"""The public counts service: every release's variables, codes and counts over HTTP, for programs and for pages."""
