"""What several pages ask of the code: reached or not, used by whom, which values, messages, waits and addresses."""
