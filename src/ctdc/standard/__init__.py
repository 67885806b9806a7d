"""The shared language as data files with a typed loader: variables, codes, labels, profiles, crosswalks."""
