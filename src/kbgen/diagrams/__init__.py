"""Facts to graphs and flows, and those to drawings: plain values all the way, no file and no process."""
