"""What a deployment is: an owner's names, and what its Spaces are set to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from polyid.errors import HubError
from polyid.hub.client import the_token
from polyid.hub.space_settings import FREE, SpaceSettings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")
HARDWARE = re.compile(r"[a-z0-9][a-z0-9-]{1,40}")
TRAINER_SLEEP = 24 * 3600
"""Seconds without a visit after which billed hardware is let go. A run at work is no visit: a shorter time would end it."""
INFERENCE_SLEEP = 3600
TRAINER_TOKEN, INFERENCE_TOKEN = "POLYID_TRAINER_TOKEN", "POLYID_INFERENCE_TOKEN"
"""Environment variables with the tokens that the Spaces get, where those aren't the one that deploys."""


@dataclass(frozen=True)
class Deployment:
    """The repos of one deployment.

    Attributes
    ----------
    owner, name : str
        User or organisation, and what all its repos' names begin with.
    private : bool
        Nobody else sees any of it; the trainer Space is private anyway.
    with_bucket : bool
        The trainer's runs lie in a storage bucket and outlive a pause.
    trainer_hardware, inference_hardware : str, optional
        As they are where None, the free one for new Spaces.
    trainer_sleep, inference_sleep : int
        Seconds without a visit after which billed hardware is let go; -1 for never.
    may_train, may_watch : str, optional
        Who else may, as the trainer's variables say it; as they are where None.
    """

    owner: str
    name: str = "polyid"
    private: bool = False
    with_bucket: bool = True
    trainer_hardware: str | None = None
    inference_hardware: str | None = None
    trainer_sleep: int = TRAINER_SLEEP
    inference_sleep: int = INFERENCE_SLEEP
    may_train: str | None = None
    may_watch: str | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise HubError(f"{self.name!r} can't begin names of repos: use letters, digits, '_' and '-', as in polyid.")
        for hardware in (self.trainer_hardware, self.inference_hardware):
            if hardware is not None and not HARDWARE.fullmatch(hardware):
                raise HubError(f"{hardware!r} is no hardware of a Space: write it as {FREE} or a10g-small.")
        for seconds in (self.trainer_sleep, self.inference_sleep):
            if seconds != -1 and seconds < 300:
                raise HubError(f"A Space can't sleep after {seconds} s: give 300 or more, or -1 for never.")

    @property
    def inference(self) -> str:
        """The inference Space."""
        return f"{self.owner}/{self.name}"

    @property
    def trainer(self) -> str:
        """The trainer Space."""
        return f"{self.inference}-trainer"

    @property
    def models(self) -> str:
        """The model repo."""
        return f"{self.inference}-models"

    @property
    def tables(self) -> str:
        """The dataset repo of the bundled tables."""
        return f"{self.inference}-data"

    @property
    def bucket(self) -> str | None:
        """The storage bucket of the trainer's runs, if there is to be one."""
        return f"{self.inference}-runs" if self.with_bucket else None

    def trainer_settings(self) -> SpaceSettings:
        """The trainer Space publishes, so it gets a token that may write."""
        may = {"POLYID_MAY_TRAIN": self.may_train, "POLYID_MAY_WATCH": self.may_watch}
        named = {variable: names for variable, names in may.items() if names is not None}
        return SpaceSettings(
            {"POLYID_MODEL_REPO": self.models, "POLYID_INFERENCE_SPACE": self.inference, **named},
            {"HF_TOKEN": os.environ.get(TRAINER_TOKEN) or the_token()},
            self.bucket,
            self.trainer_hardware,
            self.trainer_sleep,
        )

    def inference_settings(self) -> SpaceSettings:
        """The inference Space gets a token only where the model can't be read without one."""
        secrets = {"HF_TOKEN": os.environ.get(INFERENCE_TOKEN) or the_token()} if self.private else {}
        variables = {"POLYID_MODEL_REPO": self.models, "POLYID_TRAINER_SPACE": self.trainer}
        return SpaceSettings(variables, secrets, None, self.inference_hardware, self.inference_sleep)
