"""What the local Hub refuses, in the Hub's form."""


class HubProblem(Exception):
    """An answer other than success, in the Hub's form.

    Parameters
    ----------
    status : int
        HTTP status.
    message : str
        One sentence for the person at the client.
    code : str or None
        The Hub's ``X-Error-Code``, by which the client picks its exception.
    headers, body : dict or None
        Further headers and further members of the JSON answer.
    """

    def __init__(
        self, status: int, message: str, code: str | None = None, headers: dict | None = None, body: dict | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers, self.body = headers or {}, body or {}
