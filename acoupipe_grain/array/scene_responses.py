"""What the sources of given scenes radiate, and the impulse responses through which it is heard."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Complex64, Float, Float32, Int

from acoupipe_grain.array import geometry
from acoupipe_grain.array.remembered_rows import RememberedRows
from acoupipe_grain.array.responses.response_set import ResponseSet
from acoupipe_grain.array.scene_radiation import Scene, SceneRadiation, padded_part
from acoupipe_grain.array.signals import expected_line_powers
from acoupipe_grain.errors import DataError
from acoupipe_grain.specs import ArraySpec

MAX_REMEMBERED_BYTES = 512 * 2**20


@dataclass(frozen=True)
class SceneResponses(SceneRadiation):
    """How the sources of given scenes radiate, and are heard through impulse responses.

    All responses of a source are scaled to unit energy at the reference microphone: white noise then has the source's
    strength there.

    Attributes
    ----------
    response_set
        The responses, before they are scaled.
    lines
        Frequency bins of which transfer functions are wanted.
    """

    response_set: ResponseSet
    lines: Int[np.ndarray, " line"]

    @cached_property
    def reference_mic(self) -> int:
        """Index of the microphone at the reference position."""
        setup = self.scenes.setup
        number = geometry.microphone_at(setup.reference, setup.mic_positions)
        assert number is not None
        return number

    def given(self, is_time_domain: bool) -> tuple[str, ...]:
        """Return the names of the parts that features compute from, in modes of the time domain or the others."""
        given = self.radiation.given
        if is_time_domain and self.radiation.has_line_powers and "signal_line_powers" not in given:
            return ("signal_line_powers", *given)
        return given

    @property
    def part_spec(self) -> dict[str, ArraySpec]:
        """Specification of everything that `parts` returns."""
        size, num_mics, num_taps = self.scenes.max_nsources, self.scenes.setup.num_mics, self.response_set.num_taps
        return super().part_spec | {
            "responses": ArraySpec((size, num_mics, num_taps), "float32", ("source", "mic", "tap"), "1"),
            "source_transfer": ArraySpec(
                (size, self.lines.size, num_mics), "complex64", ("source", "line", "mic"), "1"
            ),
        }

    def parts(self, names: Collection[str], scene: Scene) -> dict[str, np.ndarray]:
        """Return several of the quantities in `part_spec` of a scene; zeros for padding.

        Besides those of `SceneRadiation.part`, of which signal_line_powers holds for modes of the time domain only
        together with responses:

        ============================= =====================================================================
        responses (J_max, M, taps)    of unit energy at the reference microphone
        source_transfer (J_max, L, M) their Fourier transform at the `lines`
        signal_line_powers            with responses: expected of Welch's estimate at the reference microphone
        ============================= =====================================================================
        """
        own: dict[str, np.ndarray] = {}
        if "responses" in names:
            setup, streams = self.scenes.setup, self.scenes.streams
            own["responses"] = self._scaled(self.response_set.of_scene(setup, streams, scene), scene)
            if "signal_line_powers" in names:
                own["signal_line_powers"] = self._received_line_powers(scene, own["responses"])
        if "source_transfer" in names:
            own["source_transfer"] = self._transfer(scene)
        spec = self.part_spec
        rest = [name for name in names if name not in own]
        return {name: padded_part(spec[name], array) for name, array in own.items()} | super().parts(rest, scene)

    def stacked_parts(self, names: Collection[str], scenes: Scene) -> dict[str, np.ndarray]:
        """Return several of the quantities in `part_spec` of stacked scenes."""
        if "source_transfer" not in names or self._remembered is None:
            return super().stacked_parts(names, scenes)
        spec = self.part_spec["source_transfer"]
        transfer = np.zeros((len(scenes["idx"]), *(size or 0 for size in spec.shape)), spec.dtype)
        transfer[scenes["source_mask"]] = self._remembered[self.response_set.numbers(scenes)]
        rest = [name for name in names if name != "source_transfer"]
        return {"source_transfer": transfer} | super().stacked_parts(rest, scenes)

    def _scaled(
        self, responses: Float32[np.ndarray, "source mic tap"], scene: Scene | None = None
    ) -> Float32[np.ndarray, "source mic tap"]:
        """Return responses of unit energy at the reference microphone."""
        energies = np.sum(responses[:, self.reference_mic].astype(np.float64) ** 2, axis=-1)
        if np.any(energies == 0):
            record = "" if scene is None else f" of record {int(scene['idx'])}"
            raise DataError(
                f"responses: that of source {int(np.argmin(energies))}{record} to the reference microphone "
                f"{self.reference_mic} is zero, where its strength is defined; use another reference."
            )
        return responses * (1 / np.sqrt(energies)).astype(np.float32)[:, None, None]

    def _transfer(self, scene: Scene) -> Complex64[np.ndarray, "source line mic"]:
        """Return the Fourier transform of the scene's responses at the lines."""
        if self._remembered is not None:
            return self._remembered[self.response_set.numbers(scene)]
        setup, streams = self.scenes.setup, self.scenes.streams
        return self._transformed(self._scaled(self.response_set.of_scene(setup, streams, scene), scene))

    @cached_property
    def _remembered(self) -> RememberedRows | None:
        count, shape = self.response_set.num_remembered, (self.lines.size, self.scenes.setup.num_mics)
        if count is None or 8 * count * shape[0] * shape[1] > MAX_REMEMBERED_BYTES:
            return None
        return RememberedRows(self._transfer_of, count, shape, "complex64")

    def _transfer_of(self, numbers: Int[np.ndarray, " source"]) -> Complex64[np.ndarray, "source line mic"]:
        return self._transformed(self._scaled(self.response_set.read(numbers)))

    def _transformed(
        self, responses: Float32[np.ndarray, "source mic tap"]
    ) -> Complex64[np.ndarray, "source line mic"]:
        """Return Σ_n h(n) e^{−j2πkn/N} of whole responses at the lines k, N being the block size."""
        size = self.scenes.setup.block_size
        *shape, num_taps = responses.shape
        # The exponential has the period N: what is N samples later may be added before the transform.
        folded = np.zeros((*shape, -(-num_taps // size) * size))
        folded[..., :num_taps] = responses
        spectra = np.fft.rfft(folded.reshape(*shape, -1, size).sum(axis=-2))[..., self.lines]
        return spectra.swapaxes(-1, -2).astype(np.complex64)

    def _received_line_powers(
        self, scene: Scene, responses: Float32[np.ndarray, "source mic tap"]
    ) -> Float[np.ndarray, "bin source"]:
        """Return the expectation of Welch's power of each source alone at the reference microphone, by its strength.

        The autocorrelation of what is heard is that of the signal convolved with that of the response.
        """
        from scipy.signal import fftconvolve  # takes long to import

        setup, num_taps = self.scenes.setup, responses.shape[-1]
        heard = responses[:, self.reference_mic].astype(np.float64)
        of_responses = fftconvolve(heard, heard[:, ::-1], axes=1)
        lags = self.autocorrelations(scene, setup.block_size + num_taps - 1)
        signals = np.concatenate([lags[:, :0:-1], lags], axis=1)
        received = fftconvolve(signals, of_responses, mode="valid", axes=1)
        return expected_line_powers(received[:, setup.block_size - 1 :], setup)
