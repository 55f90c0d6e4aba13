"""A model that many threads ask at once: what waits together is predicted in one call, and what was asked before is remembered.

A network takes little longer for thirty polymers than for one. So whoever finds the model free takes what all are waiting for, as far as
a turn goes, and hands each its share. Of a long request a turn takes a slice only, so that short ones don't wait for it. A large table
takes no turns: other processes read its polymers, and its networks run beside those of a turn.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from polyid.config.settings import INTERVAL_LEVEL
from polyid.inference.predictions import Predictions
from polyid.inference.reader import FEWEST_POLYMERS

if TYPE_CHECKING:
    from polyid.explain.contributions import Contributions

POLYMERS_A_TURN = 64
"""Most polymers in a call."""
LETTERS_A_TURN = 2_000
"""Most letters of a call's polymers together: the time that reading takes grows with them."""
LETTERS_A_SLICE = 700
"""Most letters that a turn takes of one request."""
REMEMBERED = 4_096
"""Polymers whose answers are kept."""
ROWS_A_PART = 64
"""Rows of a table that are asked at once."""

Question = tuple[str, float | None, float]
"""A text, its probability of meso dyads, and the level of its intervals."""


@dataclass(eq=False)
class _Request:
    """What one caller waits for: questions without an answer yet, in order, or why there is none."""

    waiting: list[Question]
    answers: dict[Question, Predictions] = field(default_factory=dict)
    problem: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return not self.waiting or self.problem is not None


class SharedModel:
    """One model, in front of any number of threads.

    Parameters
    ----------
    model : MultiModel
    remembered : int
        Answers to keep; the model's own, so that another model never answers with them.
    """

    def __init__(self, model: Any, remembered: int = REMEMBERED) -> None:
        self.model = model
        self._most_remembered = remembered
        self._remembered: OrderedDict[Question, Predictions] = OrderedDict()
        self._requests: list[_Request] = []
        self._state = threading.Condition()
        self._line: deque[object] = deque()
        self._large_table = threading.Lock()

    def predict(
        self, smiles: Sequence[str], level: float = INTERVAL_LEVEL, *, pm: Sequence[float | None] | None = None
    ) -> Predictions:
        """As `MultiModel.predict`, of at least one polymer; an error of the model is raised for those whose polymers were asked with it."""
        shares = [None] * len(smiles) if pm is None else pm
        questions = [(text, meso, level) for text, meso in zip(smiles, shares, strict=True)]
        with self._state:
            known = {question: self._known(question) for question in dict.fromkeys(questions)}
            request = _Request([question for question, answer in known.items() if answer is None])
            if request.waiting:
                self._requests.append(request)
        while not request.is_done:
            with self._turn(lambda: request.is_done) as is_mine:
                if is_mine:
                    self._ask()
        if request.problem is not None:
            raise request.problem
        answers = {question: answer for question, answer in known.items() if answer is not None} | request.answers
        return Predictions.joined([answers[question] for question in questions])

    def predict_table(
        self, smiles: Sequence[str], level: float = INTERVAL_LEVEL, *, pm: Sequence[float | None] | None = None
    ) -> Iterator[Predictions]:
        """As `predict`, of a table's polymers and part by part, while others are answered.

        The processes that read are one pool, which one table has at a time: a second one takes turns.
        """
        if len(smiles) >= FEWEST_POLYMERS and self._large_table.acquire(blocking=False):
            try:
                yield from self.model.predict_in_parts(smiles, level, pm=pm)
            finally:
                self._large_table.release()
            return
        for start in range(0, len(smiles), ROWS_A_PART):
            part = slice(start, start + ROWS_A_PART)
            yield self.predict(smiles[part], level, pm=None if pm is None else pm[part])

    def explain(self, smiles: str) -> dict[str, Contributions]:
        """As `MultiModel.explain`, while nobody else asks."""
        with self._turn():
            return self.model.explain(smiles)

    @contextmanager
    def _turn(self, is_answered: Callable[[], bool] = lambda: False) -> Iterator[bool]:
        """The model for oneself, first come, first served; False as soon as another's turn has brought the answer.

        A plain lock isn't fair: a long request would take it again and again before those who wait wake up.
        """
        ticket = object()
        with self._state:
            self._line.append(ticket)
            self._state.wait_for(lambda: self._line[0] is ticket or is_answered())
            answered = is_answered()
        try:
            yield not answered
        finally:
            with self._state:
                self._line.remove(ticket)
                self._state.notify_all()

    def _known(self, question: Question) -> Predictions | None:
        answer = self._remembered.get(question)
        if answer is not None:
            self._remembered.move_to_end(question)
        return answer

    def _ask(self) -> None:
        """One call of the model for what is waiting, of one level, and its answers to all who wait for them."""
        with self._state:
            questions = self._chosen()
        # Answers of one level come from one call: that of the request that waits longest for least.
        level = questions[0][-1]
        questions = [question for question in questions if question[-1] == level]
        texts, shares = [text for text, _, _ in questions], [meso for _, meso, _ in questions]
        try:
            found = self.model.predict(texts, level, **({"pm": shares} if any(m is not None for m in shares) else {}))
        except BaseException as problem:
            with self._state:
                self._fail(set(questions), problem)
            return
        answers = {question: found.chosen([row]) for row, question in enumerate(questions)}
        with self._state:
            self._hand_out(answers)

    def _chosen(self) -> list[Question]:
        """The questions of the next turn, shortest requests first, each once."""
        chosen: dict[Question, None] = {}
        letters = 0
        for request in sorted(self._requests, key=lambda request: sum(len(text) for text, *_ in request.waiting)):
            of_request = 0
            for question in request.waiting:
                if question in chosen:
                    continue
                size = len(question[0])
                if chosen and (letters + size > LETTERS_A_TURN or len(chosen) >= POLYMERS_A_TURN):
                    return list(chosen)
                if of_request and of_request + size > LETTERS_A_SLICE:
                    break
                chosen[question] = None
                letters, of_request = letters + size, of_request + size
        return list(chosen)

    def _hand_out(self, answers: dict[Question, Predictions]) -> None:
        for request in self._requests:
            request.answers |= {question: answers[question] for question in request.waiting if question in answers}
            request.waiting = [question for question in request.waiting if question not in answers]
        self._requests = [request for request in self._requests if not request.is_done]
        self._remembered |= answers
        while len(self._remembered) > self._most_remembered:
            self._remembered.popitem(last=False)

    def _fail(self, questions: set[Question], problem: BaseException) -> None:
        for request in self._requests:
            if not questions.isdisjoint(request.waiting):
                request.problem = problem
        self._requests = [request for request in self._requests if not request.is_done]
