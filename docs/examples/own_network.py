"""A network of your own: it learns from patches, is scored while it learns, and writes a run.

glckit world w --occurrences 1500 --species 120 --patch-size 16
python own_network.py w
"""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, random_split

import glckit
from glckit.metrics import AdaptiveTopK


def network_for(n_planes: int, n_species: int) -> nn.Module:
    """Return a network that looks at each pixel, averages over the patch, and gives a logit per species."""
    pixels = nn.Sequential(nn.Conv2d(n_planes, 32, kernel_size=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    return nn.Sequential(pixels, nn.Flatten(), nn.BatchNorm1d(32), nn.Linear(32, n_species))


def scaled(planes: Tensor) -> Tensor:
    """Bring imagery to 0..1 and altitude to kilometres; land cover is 0 and 1 already."""
    planes[:4] /= 255
    planes[-1] /= 1000
    return planes


def probabilities(network: nn.Module, planes: Tensor) -> Tensor:
    """Return what is submitted: probabilities compare between occurrences, logits need not."""
    with torch.inference_mode():
        return network.eval()(planes).softmax(dim=1)


def main(folder: Path, epochs: int = 6) -> None:
    """Train on the labelled occurrences of a competition, and write a run for the others."""
    torch.manual_seed(0)
    tables = {part: sorted(folder.glob(f"occurrences_??_{part}.csv")) for part in ("train", "test")}
    labelled = glckit.PatchDataset(tables["train"], land_cover="unstacked", transform=scaled)
    unseen = glckit.PatchDataset(tables["test"], land_cover="unstacked", transform=scaled)
    training, validation = random_split(labelled, [0.9, 0.1])
    network = network_for(len(labelled.plane_names), len(labelled.species))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    metric = AdaptiveTopK(k=30)
    for epoch in range(epochs):
        for planes, labels in DataLoader(training, batch_size=32, shuffle=True, drop_last=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network.train()(planes), labels).backward()
            optimizer.step()
        for planes, labels in DataLoader(validation, batch_size=256):
            metric.update(probabilities(network, planes), labels)
        print(f"epoch {epoch + 1}: adaptive top-30 {metric.compute():.4f}")
        metric.reset()
    scores = torch.cat([probabilities(network, planes) for planes in DataLoader(unseen, batch_size=256)])
    run, columns = folder / "runs" / "own.csv", labelled.species
    glckit.write_run(run, scores, unseen.ids, columns, test=tables["test"], force=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
