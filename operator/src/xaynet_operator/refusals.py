"""Objects that the API server does not take, and what to do about them."""

from collections.abc import Iterable
from dataclasses import dataclass

from xaynet_operator.documents import quoted
from xaynet_operator.facts import Problem
from xaynet_operator.owned import Component

# The service runs without them.
OPTIONAL_KINDS = frozenset({"PodDisruptionBudget", "Ingress", "HTTPRoute", "ServiceMonitor"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that does not run, and will not by itself."""

    component: Component
    reason: str
    message: str


def refused_objects(problems: Iterable[Problem]) -> tuple[tuple[Trouble, ...], tuple[Trouble, ...]]:
    """The objects that the API server did not take: those the service cannot be without, and
    the others."""
    needed: list[Trouble] = []
    optional: list[Trouble] = []
    for problem in problems:
        of_kind = optional if problem.key.kind in OPTIONAL_KINDS else needed
        of_kind.append(_refused_object(problem))
    return tuple(needed), tuple(optional)


def _refused_object(problem: Problem) -> Trouble:
    last_word = problem.key.name.rsplit("-", maxsplit=1)[-1]
    known = last_word in set(Component)
    component = Component(last_word) if known else Component.COORDINATOR
    if problem.key.kind == "Secret" and problem.reason in ("NotFound", "Missing"):
        return Trouble(component, "ContainerConfigError", problem.message)
    if problem.reason == "NameTaken":
        return Trouble(component, "ObjectRefused", f"{problem.message}.")
    text = f"{problem.key.kind} {problem.key.name} is refused ({problem.reason})"
    message = f"{text}: {quoted(problem.message)}. {advice(problem.message)}"
    return Trouble(component, "ObjectRefused", message)


def advice(refusal: str) -> str:
    """What to do about an object that was not taken."""
    if "exceeded quota" in refusal:
        return "Raise the ResourceQuota of the namespace, or ask for less."
    if "violates PodSecurity" in refusal:
        return "Let the Pod Security level of the namespace allow it, or change what it names."
    if "cannot " in refusal and "User" in refusal:
        return "Give the operator's ServiceAccount this right: apply its ClusterRole again."
    if "admission webhook" in refusal:
        return "Ask who runs this admission webhook."
    return "Change what it names."
