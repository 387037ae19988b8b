"""Memory and threads: who lends large arrays and takes them back, working memory of a call, how many threads share a kernel."""
