"""Search over the pages of a built site: an index per language, made of the pages themselves, that works offline."""
