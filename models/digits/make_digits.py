"""Trains, exports and quantizes the digits network, and measures it with ONNX Runtime and Zahl.

Everything is seeded and single-threaded: two runs on one machine with the packages of
requirements.txt write the same bytes. The images that are measured are neither trained nor
calibrated on. Nothing is downloaded: scikit-learn brings the images (8x8 grey digits, pixel levels
0 to 16).
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

# Read when JAX starts. How XLA splits a floating-point sum follows from its thread pool's size,
# NPROC: without it, the trained weights would depend on how many processors the machine has.
os.environ["NPROC"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime as ort
import optax
from network import CLASSES, JaxBuilder, Parameters, initial_parameters, network, to_onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HELD_OUT = 450


def shifted(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Moves each image by -1, 0 or 1 pixel in both directions: the training set is small."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    offsets = generator.integers(0, 3, (len(images), 2))
    return np.stack([p[:, y : y + 8, x : x + 8] for p, (y, x) in zip(padded, offsets, strict=True)])


def train(images: np.ndarray, labels: np.ndarray, epochs: int, batch: int, seed: int) -> Parameters:
    """Adam with decoupled weight decay and a cosine schedule; images [N,1,8,8], labels [N];
    returns NumPy arrays."""
    generator = np.random.default_rng(seed)
    parameters = initial_parameters(generator)
    steps = len(images) // batch
    optimizer = optax.adamw(optax.cosine_decay_schedule(4e-3, epochs * steps), weight_decay=0.02)

    def loss(parameters: Parameters, x: jax.Array, y: jax.Array) -> jax.Array:
        logits = network(JaxBuilder(parameters), x)
        return optax.softmax_cross_entropy(
            logits, optax.smooth_labels(jax.nn.one_hot(y, CLASSES), 0.05)
        ).mean()

    @jax.jit
    def step(
        parameters: Parameters, state: Any, x: jax.Array, y: jax.Array
    ) -> tuple[Parameters, Any, jax.Array]:
        value, gradient = jax.value_and_grad(loss)(parameters, x, y)
        updates, state = optimizer.update(gradient, state, parameters)
        return optax.apply_updates(parameters, updates), state, value

    state = optimizer.init(parameters)
    for epoch in range(1, epochs + 1):
        order = generator.permutation(len(images))[: steps * batch].reshape(steps, batch)
        for chosen in order:
            x, y = shifted(images[chosen], generator), labels[chosen]
            parameters, state, value = step(parameters, state, jnp.asarray(x), jnp.asarray(y))
        if epoch % 10 == 0:
            print(f"epoch {epoch:3}: loss {float(value):.4f}")
    return {name: np.asarray(value) for name, value in parameters.items()}


class Calibration(CalibrationDataReader):
    """Gives images [N,1,8,8] one by one."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self.images, None)
        return None if image is None else {"image": image[None]}


def quantize(float_model: Path, quantized_model: Path, images: np.ndarray) -> None:
    """ONNX Runtime's static quantization as a user would run it:
    int8, QDQ, per channel, asymmetric activations."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(float_model), str(prepared))
        quantize_static(
            prepared,
            quantized_model,
            Calibration(images),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )


def predictions(model: Path, images: np.ndarray) -> np.ndarray:
    """The class of each image [N,1,8,8] by ONNX Runtime with one thread;
    of equal logits the first wins."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return np.array(
        [session.run(["logits"], {"image": image[None]})[0].argmax() for image in images]
    )


def zahl_predictions(zahl: Path, model: Path, images: np.ndarray) -> np.ndarray:
    """Classes that the command line gives, one run an image, on the SystemC model."""
    classes = []
    with tempfile.TemporaryDirectory() as folder:
        program, source, target = (
            Path(folder) / name for name in ("digits.zprog", "image.npy", "logits.npy")
        )
        subprocess.run([zahl, "compile", model, "-o", program], check=True, capture_output=True)
        for image in images:
            np.save(source, image[None])
            subprocess.run(
                [zahl, "run", program, "--input", source, "--output", target],
                check=True,
                capture_output=True,
            )
            classes.append(int(np.load(target)[0].argmax()))
    return np.array(classes)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).resolve().parent, help="folder to write to"
    )
    parser.add_argument(
        "--epochs", type=int, default=80, help="passes over the training set (default: %(default)s)"
    )
    parser.add_argument(
        "--batch", type=int, default=64, help="images in a training step (default: %(default)s)"
    )
    parser.add_argument(
        "--zahl", type=Path, help="the zahl program, to measure on it too (else zahl_int8 is null)"
    )
    parser.add_argument(
        "--seed", type=int, default=7, help="of split, weights and order (default: %(default)s)"
    )
    arguments = parser.parse_args()
    folder: Path = arguments.output
    folder.mkdir(parents=True, exist_ok=True)

    data = load_digits()
    train_images, test_images, train_labels, test_labels = train_test_split(
        (data.images[:, None] / 16).astype(np.float32),
        data.target,
        test_size=HELD_OUT,
        stratify=data.target,
        random_state=arguments.seed,
    )
    np.savez(folder / "test_images.npz", images=test_images, labels=test_labels)
    np.save(folder / "test_image.npy", test_images[:1])

    float_model, quantized_model = folder / "digits_float.onnx", folder / "digits_qdq.onnx"
    parameters = train(
        train_images, train_labels, arguments.epochs, arguments.batch, arguments.seed
    )
    onnx.save(to_onnx(parameters), float_model)
    quantize(float_model, quantized_model, train_images)

    float_classes = predictions(float_model, test_images)
    int8_classes = predictions(quantized_model, test_images)
    zahl_classes = (
        zahl_predictions(arguments.zahl.resolve(), quantized_model, test_images)
        if arguments.zahl
        else None
    )
    accuracy = {
        "images": HELD_OUT,
        "float": float(np.mean(float_classes == test_labels)),
        "ort_int8": float(np.mean(int8_classes == test_labels)),
        "zahl_int8": float(np.mean(zahl_classes == test_labels))
        if zahl_classes is not None
        else None,
        "test_image_label": int(test_labels[0]),
        "ort_int8_predictions": int8_classes.tolist(),
    }
    (folder / "accuracy.json").write_text(json.dumps(accuracy) + "\n")
    count = sum(value.size for value in parameters.values())
    print(
        f"{count} parameters; of {HELD_OUT} held-out images right: float {accuracy['float']:.2%}, ",
        end="",
    )
    print(f"int8 in ONNX Runtime {accuracy['ort_int8']:.2%}", end="")
    print(f", in Zahl {accuracy['zahl_int8']:.2%}" if zahl_classes is not None else "")


if __name__ == "__main__":
    main()
