"""Projects that use the installed darkroom: which of their files come with a release, and how they follow the next."""
