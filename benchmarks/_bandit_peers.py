"""One peer plays against simulated users; runs in the peer's own environment, without this program.

    python _bandit_peers.py NAME JOB.json CHOICES.json

A job holds users, each with its contexts (rows of numbers), its rewards (by round and tool) and a number in
0..1 per round, for what a peer leaves to its caller to draw. Of the rewards a peer sees those of its own
choices alone.
"""

import json
import sys
from pathlib import Path


def mabwiser(kind, user, seed):
    import numpy as np
    from mabwiser.mab import MAB, LearningPolicy

    policy = {"linucb": LearningPolicy.LinUCB, "lints": LearningPolicy.LinTS}[kind]()
    contexts = np.array(user["contexts"])
    arms = list(range(len(user["rewards"][0])))
    mab = MAB(arms=arms, learning_policy=policy, seed=seed)
    # It wants something to fit before it predicts: a situation without features that brought nothing.
    mab.fit(decisions=[arms[seed % len(arms)]], rewards=[0.0], contexts=np.zeros((1, contexts.shape[1])))
    choices = []
    for turn, rewards in enumerate(user["rewards"]):
        context = contexts[turn : turn + 1]
        choice = mab.predict(context)
        mab.partial_fit([choice], [rewards[choice]], context)
        choices.append(choice)
    return choices


def vw(_, user, seed):
    from vowpalwabbit import Workspace

    arms = len(user["rewards"][0])
    learner = Workspace(f"--cb_explore {arms} --quiet --random_seed {seed}")
    choices = []
    for context, rewards, draw in zip(user["contexts"], user["rewards"], user["draws"], strict=True):
        text = "| " + " ".join(f"f{place}:{value:.9g}" for place, value in enumerate(context) if value)
        shares = learner.predict(text)
        choice = 0
        while choice < arms - 1 and draw >= shares[choice]:
            draw -= shares[choice]
            choice += 1
        learner.learn(f"{choice + 1}:{-rewards[choice]:.9g}:{shares[choice]:.9g} {text}")
        choices.append(choice)
    learner.finish()
    return choices


def main():
    name, job, result = sys.argv[1:]
    users = json.loads(Path(job).read_text())
    play = vw if name == "vw" else mabwiser
    chosen = [play(name, user, seed) for seed, user in enumerate(users)]
    Path(result).write_text(json.dumps([[int(choice) for choice in choices] for choices in chosen]))


if __name__ == "__main__":
    main()
