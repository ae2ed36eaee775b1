"""The review checklist: who may do what, how code handles input and secrets, what production refuses."""
