"""What has happened between two observed states, in plain lines. Pure."""

from collections.abc import Iterator

from xaynet_cli.desired import Document

COLLECTING = ("Sum", "Update", "Sum2")
PASSING = ("Idle", "Unmask", "Failure")  # left by themselves; what they do is told by its result


def events(before: Document | None, now: Document) -> Iterator[str]:
    """One line for each event; where the service stands, if nothing was known before."""
    yield from _news(before["warnings"] if before else [], now["warnings"])
    yield from _finished(before, now)
    if before and before["generation"] != now["generation"]:
        yield f"generation {now['generation']} counts, {now['desiredState']}"
    passes = now["phase"] in PASSING and now["generation"] is not None
    if not passes and (before is None or _stand(before) != _stand(now)):
        yield _standing(now)
    if before and before["paused"] != now["paused"]:
        yield f"{now['phase']} is paused" if now["paused"] else f"{now['phase']} goes on"
    message = now["store"]["message"]
    if message != (before["store"]["message"] if before else None):
        yield f"the store does not answer: {message}" if message else "the store answers again"


def _news(before: list[str], now: list[str]) -> list[str]:
    return [line for line in now if line not in before]


def _finished(before: Document | None, now: Document) -> Iterator[str]:
    if before is None:
        return
    known = {line["id"] for line in before["lastRounds"]}
    for line in now["lastRounds"]:
        if line["id"] not in known:
            yield f"round {line['id']} {result(line)} after {line['seconds']:.1f} s"
    model = now["latestModel"]
    if model is not None and model != before["latestModel"]:
        yield f"global model {model['id']}"


def result(line: Document) -> str:
    """How a round ended."""
    if line["reason"] is None:
        return f"succeeded with {line['update']} updates"
    return f"failed ({line['reason']})"


def _stand(state: Document) -> tuple[object, ...]:
    return state["phase"], state["round"] and state["round"]["id"]


def _standing(state: Document) -> str:
    phase, rounds = state["phase"], state["rounds"]
    if phase in COLLECTING and state["round"] is not None:
        return f"round {state['round']['id']}: {phase}{_so_far(state)}"
    if phase == "Completed":
        return f"Completed: {rounds['successful']} rounds have succeeded"
    return f"{phase}: waiting for parameters" if state["generation"] is None else str(phase)


def _so_far(state: Document) -> str:
    """What the phases before this one have collected."""
    earlier = COLLECTING[: COLLECTING.index(state["phase"])]
    messages = state["round"]["messages"]
    counts = [f"{messages[name.lower()]['accepted']} in {name}" for name in earlier]
    return f" ({', '.join(counts)})" if counts else ""
