"""`MultiModel` from the Hub and to it, in one line each."""

from __future__ import annotations

import numpy as np
import pytest

from polyid import MultiModel
from polyid.bundle.layout import STARTER
from polyid.errors import BundleError, HubError


def test_a_model_goes_to_the_hub_and_comes_back(local_hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", local_hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", local_hub.token)
    model = MultiModel.from_pretrained("starter")
    assert model.folder == STARTER
    published = model.push_to_hub("ada/pretrained", tag="v1", private=True)
    again = MultiModel.from_pretrained("ada/pretrained", revision="v1")
    assert again.folder.name == published.commit
    polymers = ["*CC*", "*CCO*"]
    np.testing.assert_allclose(again.predict(polymers).mean, model.predict(polymers).mean, rtol=1e-6)
    with pytest.raises(HubError, match="v2"):
        MultiModel.from_pretrained("ada/pretrained", revision="v2")


def test_what_lies_in_no_folder_is_not_published():
    with pytest.raises(BundleError, match="save_folder"):
        MultiModel().push_to_hub("ada/nothing")
