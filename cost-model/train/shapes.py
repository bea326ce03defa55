"""The shapes that collect.py measures: those of well-known models, and odd ones."""

import random

# m, n, k with constant columns: projections of BERT, GPT-2, ViT, Whisper, Llama-like and
# recommendation models, fully connected layers, and one to few rows of them.
PROJECTIONS = [
    (128, 768, 768), (128, 3072, 768), (128, 768, 3072), (64, 768, 768), (16, 768, 3072),
    (197, 768, 768), (197, 2304, 768), (197, 192, 192), (197, 768, 192), (197, 192, 768),
    (50, 512, 512), (384, 384, 384), (384, 1536, 384), (256, 256, 1024), (512, 512, 512),
    (1, 1000, 2048), (1, 1000, 1280), (1, 768, 768), (1, 3072, 768), (1, 768, 3072),
    (1, 1024, 1024), (1, 512, 2048), (2, 768, 768), (4, 768, 768), (8, 1024, 1024),
    (12, 312, 312), (128, 312, 312), (128, 1200, 312), (128, 312, 1200), (32, 256, 64),
    (64, 64, 64), (100, 100, 100), (49, 96, 384), (196, 192, 576), (784, 96, 288),
    (3136, 64, 64), (1024, 32, 128), (7, 2048, 512), (31, 127, 509), (13, 1000, 147),
]
# batch, m, n, k of two inputs: attention scores and their products with values.
BATCHED = [
    (12, 128, 128, 64), (12, 128, 64, 128), (12, 64, 64, 64), (3, 197, 197, 64),
    (3, 197, 64, 197), (12, 1, 128, 64), (12, 1, 64, 128), (8, 50, 50, 64), (8, 50, 64, 50),
    (6, 256, 256, 32), (16, 49, 49, 32), (16, 49, 32, 49), (4, 33, 65, 129), (1, 256, 256, 256),
    (1, 100, 300, 200), (2, 7, 1000, 49), (1, 512, 64, 300), (5, 77, 77, 40),
]
# channels, filters, side, kernel, stride, groups of ResNet, MobileNet, EfficientNet, SqueezeNet,
# YOLO, VGG, ResNeXt, ShuffleNet, U-Net and speech models.
CONVOLUTIONS = [
    (3, 64, 224, 7, 2, 1), (64, 64, 56, 1, 1, 1), (64, 64, 56, 3, 1, 1), (64, 256, 56, 1, 1, 1),
    (256, 64, 56, 1, 1, 1), (256, 128, 56, 1, 1, 1), (128, 128, 56, 3, 2, 1),
    (256, 512, 56, 1, 2, 1), (128, 128, 28, 3, 1, 1), (128, 512, 28, 1, 1, 1),
    (512, 128, 28, 1, 1, 1), (256, 256, 28, 3, 2, 1), (256, 256, 14, 3, 1, 1),
    (256, 1024, 14, 1, 1, 1), (1024, 256, 14, 1, 1, 1), (512, 1024, 28, 1, 2, 1),
    (512, 512, 14, 3, 2, 1), (512, 512, 7, 3, 1, 1), (512, 2048, 7, 1, 1, 1),
    (2048, 512, 7, 1, 1, 1), (3, 32, 224, 3, 2, 1), (32, 16, 112, 1, 1, 1), (16, 96, 112, 1, 1, 1),
    (96, 24, 56, 1, 1, 1), (24, 144, 56, 1, 1, 1), (144, 32, 28, 1, 1, 1), (32, 192, 28, 1, 1, 1),
    (192, 64, 14, 1, 1, 1), (64, 384, 14, 1, 1, 1), (384, 96, 14, 1, 1, 1), (96, 576, 14, 1, 1, 1),
    (576, 160, 7, 1, 1, 1), (160, 960, 7, 1, 1, 1), (960, 320, 7, 1, 1, 1), (320, 1280, 7, 1, 1, 1),
    (16, 64, 55, 1, 1, 1), (16, 64, 55, 3, 1, 1), (48, 192, 27, 3, 1, 1), (512, 1000, 13, 1, 1, 1),
    (32, 64, 80, 3, 2, 1), (64, 128, 40, 3, 2, 1), (64, 64, 40, 3, 1, 1), (128, 64, 20, 1, 1, 1),
    (4, 8, 56, 3, 1, 32), (8, 8, 28, 3, 1, 32), (16, 16, 14, 3, 1, 32), (8, 24, 28, 1, 1, 3),
    (80, 80, 14, 1, 1, 3), (32, 32, 56, 3, 1, 2), (1, 16, 64, 3, 1, 1), (32, 32, 64, 3, 1, 1),
    (64, 32, 64, 3, 1, 1), (16, 2, 64, 1, 1, 1), (17, 31, 29, 3, 1, 1), (37, 53, 17, 5, 1, 1),
    (101, 47, 13, 3, 2, 1), (7, 97, 33, 1, 1, 1), (48, 48, 31, 5, 2, 1),
]
# batch, channels, filters, side, kernel, stride, groups.
BATCHED_CONVOLUTIONS = [
    (4, 64, 64, 28, 3, 1, 1), (8, 128, 128, 14, 1, 1, 1), (2, 256, 256, 14, 3, 1, 1),
    (16, 32, 48, 9, 3, 1, 1), (3, 96, 24, 28, 1, 1, 1), (8, 16, 16, 14, 3, 1, 4),
    (32, 1, 8, 28, 5, 1, 1), (5, 19, 23, 15, 3, 2, 1),
]
RANDOM = 100


def contraction(batch, m, n, k, constant):
    name = f"mm-{batch}x{m}x{n}x{k}-{'const' if constant else 'input'}"
    return {"shape": name, "family": "contraction", "batch": batch, "m": m, "n": n, "k": k,
            "constant": int(constant)}


def convolution(channels, filters, side, kernel, stride, groups, batch=1):
    images = f"{batch}x" if batch > 1 else ""
    name = f"conv-{images}{groups}x{channels}to{filters}-{side}-k{kernel}s{stride}"
    return {"shape": name, "family": "convolution", "batch": batch, "groups": groups,
            "filters": filters, "channels": channels, "window": kernel * kernel,
            "stride": stride, "pad": kernel // 2 if groups == 1 else 0, "height": side, "width": side, "constant": 1}


def random_shapes():
    """Sizes from tiny to 100 million multiply-adds, odd ones as likely as round ones."""
    rng = random.Random(5)

    def size(low, high):
        value = round(low * (high / low) ** rng.random())
        return value if rng.random() < 0.5 else max(1, round(value / 16)) * 16

    found = []
    while len(found) < RANDOM:
        if rng.random() < 0.5:
            batch = rng.choice([1, 1, 1, 2, 8])
            m, n, k = size(1, 1024), size(8, 2048), size(16, 2048)
            if 1e5 < batch * m * n * k < 1e8:
                found.append(contraction(batch, m, n, k, batch == 1 and rng.random() < 0.6))
        else:
            side, kernel, stride = size(5, 80), rng.choice([1, 1, 3, 3, 5]), rng.choice([1, 1, 2])
            c, f, groups = size(1, 512), size(4, 512), rng.choice([1, 1, 1, 2, 4])
            if 1e5 < side**2 / stride**2 * c * f * groups * kernel**2 < 1e8:
                found.append(convolution(c, f, side, kernel, stride, groups))
    return found


def all_shapes():
    """All shapes in a fixed order that mixes them, so that a part is a fair sample."""
    found = [contraction(1, *mnk, True) for mnk in PROJECTIONS]
    found += [contraction(*bmnk, False) for bmnk in BATCHED]
    found += [convolution(*each) for each in CONVOLUTIONS]
    found += [convolution(*each, batch=batch) for batch, *each in BATCHED_CONVOLUTIONS]
    found += random_shapes()
    unique = list({each["shape"]: each for each in found}.values())
    random.Random(7).shuffle(unique)
    return unique
