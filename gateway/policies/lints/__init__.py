"""What is dangerous although it is valid."""

from gateway.policies.database import State
from gateway.policies.lints.acceptance import unaccepted
from gateway.policies.lints.lint import Lint
from gateway.policies.lints.registry import LINTS
from gateway.policies.lints.scene import Scene
from gateway.policies.lints.staging import scene_of_both, scene_of_database, scene_of_files
from gateway.policies.model import PolicySet
from gateway.policies.plan import Examined
from gateway.policies.problems import Problem

__all__ = ["LINTS", "Lint", "lints", "lints_of_database"]


def lints(policy_set: PolicySet, examined: Examined | None) -> tuple[Problem, ...]:
    """What is dangerous in a set, but for what its files accept. Without a database, what can be said without one."""
    return _found(scene_of_files(policy_set) if examined is None else scene_of_both(policy_set, examined))


def lints_of_database(policy_set: PolicySet, state: State) -> tuple[Problem, ...]:
    """What is dangerous in a database as it is; of the set only the defaults count."""
    return _found(scene_of_database(state, policy_set))


def _found(scene: Scene) -> tuple[Problem, ...]:
    return tuple(unaccepted(scene, LINTS))
