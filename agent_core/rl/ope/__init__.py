"""What a policy is worth, estimated from the log of another one.

    evaluate(scores: Iterable[Score], *, make_policy: Callable[[Knowledge], Policy]) -> Evaluation

in `evaluating.py` is pure and takes a moment; `process.py` does it for a workspace in a process of its own.
"""
