"""The order of a run: mine, read stories, link, extract, note, render, write. Each command is one function here."""
