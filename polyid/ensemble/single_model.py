"""One member of an ensemble: upstream PolyID's `SingleModel`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import RobustScaler

from polyid.bundle.member import BundleMember
from polyid.chemistry.oligomer import ChainSettings
from polyid.data.dataset import Dataset, Fold
from polyid.data.row_polymers import row_polymers
from polyid.ensemble.fitting import fit_preprocessors, fit_scaler, scaled
from polyid.errors import BundleError, TrainingError
from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.inference.columns import member_column
from polyid.inference.marked import answers_as_learnt
from polyid.inference.predictor import EnsemblePredictor
from polyid.nn.network import MessagePassingNetwork


class SingleModel:
    """One member of an ensemble: a network with its preprocessor and scaler.

    Attributes
    ----------
    prediction_columns : list of str
        Properties to predict.
    df_test : pd.DataFrame or None
        Kept for upstream's sake.
    data_scaler : RobustScaler or None
        Of the targets; None leaves them as they are.
    preprocessor : PolymerPreprocessor or None
    model_id : str
    chain : ChainSettings
        Of the oligomers of repeat units and monomers.
    shared : tuple of Dataset and Fold, or None
        The rows, of a member that has none of its own.
    member : BundleMember or None
        What training made of it.
    held_out : float array or None
        Predictions of the rows held out, in their order.
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
        self._given = (df_train, df_validate)
        self.df_test = df_test
        self.data_scaler = data_scaler
        self.preprocessor: PolymerPreprocessor | None = None
        self.parameters: dict[str, Any] | None = None
        self.model_id = model_id
        self.chain = ChainSettings()
        self.shared: tuple[Dataset, Fold] | None = None
        self.member: BundleMember | None = None
        self.held_out: np.ndarray | None = None
        self._predictor: EnsemblePredictor | None = None

    def share(self, dataset: Dataset, fold: Fold) -> SingleModel:
        """Take the rows of a fold of a data set, which all members share; gives the member itself."""
        self.shared, self.chain = (dataset, fold), dataset.chain
        self._given, self.held_out = (None, None), None
        return self

    def take(self, member: BundleMember, parameters: dict[str, Any], held_out: np.ndarray | None) -> None:
        """Take what training made of it: the member, the parameters it was trained with, predictions of the rows held out."""
        self.member, self.parameters, self.held_out, self._predictor = member, parameters, held_out, None
        self.preprocessor = member.preprocessor

    @property
    def df_train(self) -> pd.DataFrame | None:
        """The rows to train on; of a member that shares a data set a copy of them. Set it to train on others."""
        return self._given[0] if self.shared is None else self.shared[0].part(self.shared[1].train)

    @df_train.setter
    def df_train(self, frame: pd.DataFrame) -> None:
        self._given, self.shared = (frame, self.df_validate), None

    def training_rows(self) -> pd.DataFrame:
        """`df_train`.

        Raises
        ------
        TrainingError
            There are none.
        """
        rows = self.df_train
        if rows is None:
            raise TrainingError(f"Model {self.model_id} has no rows to train on; give it a df_train.")
        return rows

    @property
    def df_validate(self) -> pd.DataFrame | None:
        """The rows held out, as `df_train`."""
        return self._given[1] if self.shared is None else self.shared[0].part(self.shared[1].held_out)

    @df_validate.setter
    def df_validate(self, frame: pd.DataFrame) -> None:
        self._given, self.shared = (self.df_train, frame), None

    @property
    def df_validate_results(self) -> pd.DataFrame | None:
        """The held-out rows with ``<property>_pred`` and ``<property>_err``; None before training."""
        rows = self.df_validate
        if self.held_out is None or rows is None:
            return None
        columns = [member_column(name) for name in self.prediction_columns]
        results = pd.concat([rows, pd.DataFrame(self.held_out, rows.index, columns)], axis=1)
        for name in self.prediction_columns:
            results[f"{name}_err"] = results[name] - results[member_column(name)]
        return results

    @property
    def df_loss_log(self) -> pd.DataFrame | None:
        """One row an epoch: ``epoch``, ``loss``, ``val_loss``, ``learning_rate``; None before training."""
        return None if self.member is None else pd.DataFrame(self.member.log)

    @property
    def model(self) -> MessagePassingNetwork | None:
        """The trained network of this member alone; None before training."""
        return self._own_predictor().networks.network if self.member is not None else None

    @property
    def df_train_scaled(self) -> pd.DataFrame | None:
        """Training rows with scaled targets."""
        return self._scaled(self.df_train)

    @property
    def df_validate_scaled(self) -> pd.DataFrame | None:
        """Held-out rows with scaled targets."""
        return self._scaled(self.df_validate)

    def generate_data_scaler(self) -> None:
        """Fit a scikit-learn `RobustScaler` to the training targets, missing ones left out."""
        self.data_scaler = fit_scaler(self.training_rows()[self.prediction_columns].to_numpy(float))

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
        kwargs |= {"atom_features": atom_features, "bond_features": bond_features}
        (self.preprocessor,) = fit_preprocessors(shared_dataset([self]), preprocessor, **kwargs)

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
        values = answers_as_learnt(self._own_predictor(), row_polymers(df_prediction, self.chain)).members[0]
        columns = [member_column(name) for name in self.prediction_columns]
        return pd.concat([df_prediction, pd.DataFrame(values, df_prediction.index, columns)], axis=1)

    def _own_predictor(self) -> EnsemblePredictor:
        if self.member is None:
            raise BundleError(f"Model {self.model_id} is not trained yet; call train_models or load_models first.")
        if self._predictor is None or self._predictor.members[0] is not self.member:
            self._predictor = EnsemblePredictor([self.member])
        return self._predictor

    def _scaled(self, frame: pd.DataFrame | None) -> pd.DataFrame | None:
        if self.data_scaler is None or frame is None:
            return frame
        values = scaled(frame[self.prediction_columns].to_numpy(float), self.data_scaler)
        return frame.assign(**dict(zip(self.prediction_columns, values.T, strict=True)))


def shared_dataset(models: Sequence[SingleModel]) -> Dataset:
    """The rows of members, in a fold for each."""
    shared = [model.shared for model in models if model.shared is not None]
    if len(shared) < len(models) or any(dataset is not shared[0][0] for dataset, _ in shared):
        rows = [(str(model.model_id), model.training_rows(), model.df_validate) for model in models]
        return Dataset.of_members(rows, models[0].prediction_columns, models[0].chain).learning_marks()
    dataset, folds = shared[0][0], tuple(fold for _, fold in shared)
    return dataset if folds == dataset.folds else replace(dataset, folds=folds)
