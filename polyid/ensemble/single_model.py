"""One member of an ensemble: upstream PolyID's `SingleModel`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from sklearn.preprocessing import RobustScaler

from polyid.bundle.member import BundleMember
from polyid.chemistry.oligomer import ChainSettings
from polyid.ensemble.rows import row_oligomers
from polyid.errors import BundleError
from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.preprocessor import PolymerPreprocessor, check_preprocessor
from polyid.inference.predictor import EnsemblePredictor
from polyid.nn.network import MessagePassingNetwork


class SingleModel:
    """One member of an ensemble: a network with its preprocessor and scaler.

    Attributes
    ----------
    prediction_columns : list of str
        Properties to predict.
    df_train, df_validate, df_test : pd.DataFrame or None
        Training and held-out rows.
    df_validate_results : pd.DataFrame or None
        The held-out rows with predictions and errors, after training.
    df_loss_log : pd.DataFrame or None
        One row an epoch: ``epoch``, ``loss``, ``val_loss``, ``learning_rate``.
    data_scaler : RobustScaler or None
        Of the targets; None leaves them as they are.
    preprocessor : PolymerPreprocessor or None
    model : MessagePassingNetwork or None
        The trained network.
    model_id : str
    chain : ChainSettings
        Of the oligomers of repeat units and monomers that are asked for.
    """

    def __init__(
        self,
        prediction_columns: list[str],
        df_validate: pd.DataFrame | None = None,
        df_train: pd.DataFrame | None = None,
        df_test: pd.DataFrame | None = None,
        data_scaler: RobustScaler | None = None,
        model_id: str | None = None,
    ):
        self.prediction_columns = list(prediction_columns)
        self.df_validate = df_validate
        self.df_train = df_train
        self.df_test = df_test
        self.df_validate_results: pd.DataFrame | None = None
        self.df_loss_log: pd.DataFrame | None = None
        self.data_scaler = data_scaler
        self.preprocessor: PolymerPreprocessor | None = None
        self.parameters: dict[str, Any] | None = None
        self.model_id = model_id
        self.member: BundleMember | None = None
        self.chain = ChainSettings()
        self._predictor: EnsemblePredictor | None = None

    @property
    def model(self) -> MessagePassingNetwork | None:
        """The trained network of this member alone; None before training."""
        return self._own_predictor().network if self.member is not None else None

    @property
    def df_train_scaled(self) -> pd.DataFrame:
        """Training rows with scaled targets."""
        return self._scaled(self.df_train)

    @property
    def df_validate_scaled(self) -> pd.DataFrame:
        """Held-out rows with scaled targets."""
        return self._scaled(self.df_validate)

    def generate_data_scaler(self) -> None:
        """Fit a scikit-learn `RobustScaler` to the training targets, missing ones left out."""
        self.data_scaler = RobustScaler().fit(self.df_train[self.prediction_columns].to_numpy(float))

    def generate_preprocessor(
        self,
        preprocessor: type = PolymerPreprocessor,
        atom_features: Callable = atom_features_v1,
        bond_features: Callable = bond_features_v1,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Fit a preprocessor to the training polymers.

        Parameters
        ----------
        preprocessor : type
            `PolymerPreprocessor` or a class derived from it.
        atom_features, bond_features : callable
            Functions of an RDKit atom or bond that return text.
        batch_size : int, optional
            Polymers an update, unless the training parameters say otherwise.
        **kwargs
            Further arguments of the preprocessor, such as ``explicit_hs``.
        """
        fit_preprocessors([self], preprocessor, atom_features, bond_features, **kwargs)

    def train(
        self,
        modelbuilder: Callable,
        model_summary: bool = False,
        model_params: dict[str, Any] | None = None,
        verbose: bool = True,
        save_folder: str | os.PathLike | None = None,
        save_training: bool = False,
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        """Train this member alone; arguments as of `MultiModel.train_models`."""
        from polyid.ensemble.multi_model import MultiModel

        together = MultiModel()
        together.prediction_columns = self.prediction_columns
        together.models = [self]
        together.df_input = pd.concat([self.df_train, self.df_validate])
        together.train_models(modelbuilder, model_summary, model_params, verbose, save_folder, save_training, callbacks)

    def predict(self, df_prediction: pd.DataFrame, batch_size: int | None = None) -> pd.DataFrame:
        """The rows of `df_prediction` with a column ``<property>_pred`` for each property.

        Parameters
        ----------
        df_prediction : pd.DataFrame
            With a column ``smiles_polymer``.
        batch_size : int, optional
            Ignored; batches fill themselves.
        """
        values = self._own_predictor().predict(row_oligomers(df_prediction, self.chain))[0]
        columns = [f"{name}_pred" for name in self.prediction_columns]
        return pd.concat([df_prediction, pd.DataFrame(values, df_prediction.index, columns)], axis=1)

    def _own_predictor(self) -> EnsemblePredictor:
        if self.member is None:
            raise BundleError(f"Model {self.model_id} is not trained yet; call train_models or load_models first.")
        if self._predictor is None:
            self._predictor = EnsemblePredictor([self.member])
        return self._predictor

    def _scaled(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self.data_scaler is None:
            return frame
        frame = frame.copy()
        values = frame[self.prediction_columns].to_numpy(float)
        frame[self.prediction_columns] = self.data_scaler.transform(values)
        return frame


def fit_preprocessors(
    models: Sequence[SingleModel], preprocessor: type, atom_features: Callable, bond_features: Callable, **kwargs: Any
) -> None:
    """Fit a preprocessor of each model to its training polymers, reading each polymer once."""
    check_preprocessor(preprocessor)
    fresh = [preprocessor(atom_features=atom_features, bond_features=bond_features, **kwargs) for _ in models]
    smiles = list(dict.fromkeys(text for m in models for text in row_oligomers(m.df_train)))
    # One round is enough for the features themselves.
    graphs = fresh[0].featuriser(rounds=1)(smiles)
    by_smiles = dict(zip(smiles, graphs, strict=True))
    for model, new in zip(models, fresh, strict=True):
        model.preprocessor = new.fit(by_smiles[text] for text in row_oligomers(model.df_train))
