"""How much the public site is used: totals of a day by kind of page, language and kind of answer, and nothing else."""
