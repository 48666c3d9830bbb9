"""Work for workers elsewhere: who does what, how a task is done, and handing one over."""
