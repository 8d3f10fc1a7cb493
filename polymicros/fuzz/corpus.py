"""Makes the first inputs of the fuzz targets again: `python corpus.py` (numpy and h5py from PyPI).

Small sound files in the layouts that real programs write. HDF5 comes in its oldest form, which has
no checksums over its structures, so that a change of a byte gets past the first check, and in its
newest; contiguous, and in compressed chunks.
"""

import io
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np

CORPUS = Path(__file__).parent / "corpus"


def put(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def ang(grid, odd, even, columns=10, crlf=False):
    rows = 3
    y_step = 0.5 * 0.75**0.5 if grid == "HexGrid" else 0.25
    lines = ["# TEM_PIXperUM 1.0", "# Phase 1", "# MaterialName A", "# Symmetry 43"]
    lines += ["# LatticeConstants 3.5 3.5 3.5 90 90 90", "# Phase 2", "# MaterialName B", "# Symmetry 62"]
    lines += [f"# GRID: {grid}", "# XSTEP: 0.5", f"# YSTEP: {y_step:.6f}"]
    lines += [f"# NCOLS_ODD: {odd}", f"# NCOLS_EVEN: {even}", f"# NROWS: {rows}", "#"]
    for row in range(rows):
        for column in range(even if row % 2 else odd):
            shift = 0.25 if grid == "HexGrid" and row % 2 else 0.0
            point = [0.1 * column, 1.0, 2.5e0, 0.5 * column + shift, y_step * row]
            point += [100 + row, -1 if row == column == 1 else 0.5, 1 + column % 2, 7, -0.3]
            lines.append("  ".join(f"{value:g}" for value in point[:columns]))
    return ("\r\n" if crlf else "\n").join(lines) + "\n"


def ctf(comma):
    lines = ["Channel Text File", "Prj", "JobMode\tGrid", "XCells\t3", "YCells\t2", "XStep\t0.5", "YStep\t0.5"]
    lines += ["Phases\t2", "3.5;3.5;3.5\t90;90;90\tNickel\t11\t225", "3;3;5\t90;90;120\tZirc\t9\t0"]
    lines += ["Phase\tX\tY\tBands\tError\tEuler1\tEuler2\tEuler3\tMAD\tBC\tBS"]
    for k in range(6):
        lines.append(f"{k % 3}\t{k % 3 * 0.5}\t{k // 3 * 0.5}\t8\t0\t{10.5 * k}\t20.5\t30.5\t0.6\t90\t80")
    text = "\r\n".join(lines) + "\r\n"
    return text.replace(".", ",") if comma else text


def oxford():
    header = "[General]\nJobMode=RegularGrid\n[Job]\nGridDistX=0.5\nGridDistY=0.5\nxCells=3\nyCells=2\n"
    header += "[Fields]\nCount=6\nField1=3\nField2=4\nField3=5\nField4=7\nField5=6\nField6=10\n[Phases]\nCount=1\n"
    header += "[Phase1]\nStructureName=Ni\na=3.5\nb=3.5\nc=3.5\nalpha=90\nbeta=90\ngamma=90\nLaueGroup=11\n"
    record = struct.pack("<B3fBfB", 1, 1.0, 0.5, 2.0, 77, 0.6, 9)
    return header.encode() + b"\n---\n" + record * 5 + struct.pack("<B3fBfB", 0, 0, 0, 0, 7, 0, 0)


def hdf5(fill, version, chunks):
    """The bytes of a file that `fill` fills through a function that makes datasets."""
    memory = io.BytesIO()
    with h5py.File(memory, "w", libver=version) as file:

        def dataset(name, values):
            values = np.asarray(values)
            # One dataset is enough to reach the chunks' code, and each index of chunks takes 2 kB.
            large = values.ndim == 4 and values.shape[3] == 3
            chunked = chunks and (large or name.endswith(("Phi1", "grain_map")))
            how = dict(chunks=True, compression="gzip", shuffle=True) if chunked else {}
            return file.create_dataset(name, data=values, **how)

        fill(dataset)
    return memory.getvalue()


def lab_dct(dataset):
    shape = (2, 3, 2)
    data = "LabDCT/Data/"
    dataset(data + "Rodrigues", np.full((*shape, 3), 0.1, "f4"))
    dataset(data + "GrainId", np.ones(shape, "i4"))
    dataset(data + "PhaseId", np.ones(shape, "u1"))
    dataset(data + "Mask", np.ones(shape, "u1"))
    dataset(data + "Completeness", np.full(shape, 0.5, "f4"))
    dataset("LabDCT/Spacing", np.full(3, 0.5))
    dataset("LabDCT/Center", np.zeros(3))
    dataset("LabDCT/Extent", np.ones(3))
    dataset("PhaseInfo/Phase01/Name", np.bytes_("Ni"))
    dataset("PhaseInfo/Phase01/SpaceGroup", np.array([225], "i4"))
    dataset("PhaseInfo/Phase01/UnitCell", np.array([3.5, 3.5, 3.5, 90, 90, 90]))


def dream3d(dataset):
    shape = (1, 2, 3)
    geometry, cells, ensemble = (f"DataContainers/Image/{n}/" for n in ("_SIMPL_GEOMETRY", "Cells", "Ensemble"))
    dataset(geometry + "DIMENSIONS", np.array([3, 2, 1], "i8"))
    dataset(geometry + "SPACING", np.full(3, 0.5, "f4"))
    dataset(geometry + "ORIGIN", np.zeros(3, "f4"))
    dataset(cells + "EulerAngles", np.full((*shape, 3), 0.5, "f4"))
    dataset(cells + "Phases", np.ones((*shape, 1), "i4"))
    dataset(cells + "FeatureIds", np.ones((*shape, 1), "i4"))
    dataset(cells + "Mask", np.ones((*shape, 1), "u1"))
    dataset(cells + "CI", np.ones((*shape, 1), "f4"))
    dataset(ensemble + "CrystalStructures", np.array([[999], [1]], "u4"))
    dataset(ensemble + "LatticeConstants", np.ones((2, 6), "f4"))


def edax(dataset):
    header, data = "Scan 1/EBSD/Header/", "Scan 1/EBSD/Data/"
    dataset(header + "Grid Type", np.array([b"SqrGrid"]))
    for name, value in [("nColumns", 2), ("nRows", 2)]:
        dataset(header + name, np.array([value], "i4"))
    for name in ("Step X", "Step Y"):
        dataset(header + name, np.array([0.5], "f4"))
    phase = header + "Phase/1/"
    dataset(phase + "MaterialName", np.array([b"Nickel"]))
    dataset(phase + "Symmetry", np.array([43], "i4"))
    for letter in ("a", "b", "c", "alpha", "beta", "gamma"):
        dataset(phase + "Lattice Constant " + letter, np.array([3.5], "f4"))
    for name in ("Phi1", "Phi", "Phi2", "CI", "IQ", "Fit", "SEM Signal"):
        dataset(data + name, np.full(4, 0.5, "f4"))
    dataset(data + "X Position", np.array([0, 0.5, 0, 0.5], "f4"))
    dataset(data + "Y Position", np.array([0, 0, 0.5, 0.5], "f4"))
    dataset(data + "Phase", np.zeros(4, "i1"))


def neper(encoding):
    ids = np.array([1, 3, 0, 3, 3, 1], f"<u{int(encoding[6:]) // 8}") if encoding != "ascii" else "1 3 0\n3 3 1"
    header = f"***tesr\n **format\n  2.0 {encoding}\n **general\n  3\n  3 2 1\n  0.5 0.5 0.25\n"
    header += "  *origin\n   -1 0 0\n **cell\n  2\n  *id\n   1 3\n  *crysym\n   cubic\n  *ori\n"
    header += "   euler-bunge:passive\n   10 20 30\n   -10 40 0\n **data\n"
    return header.encode() + (ids.encode() if encoding == "ascii" else ids.tobytes()) + b"\n***end\n"


def pymicro(dataset):
    row = np.dtype([("idnumber", "<i4"), ("orientation", "<f4", (3,)), ("volume", "<f4"), ("phase", "u1")])
    dataset("GrainData/GrainDataTable", np.array([(7, (0.1, 0.2, 0.3), 1, 1)], row))
    ids = dataset("CellData/grain_map", np.array([[[7, 7, 0], [7, 7, 7]]], "u2"))
    cells = ids.parent.attrs
    cells["dimension"], cells["spacing"], cells["origin"] = np.array([3, 2, 1]), np.full(3, 0.5), np.zeros(3)
    cells["active_grain_map"] = np.bytes_("grain_map")
    phase = ids.file.create_group("PhaseData/phase_01").attrs
    phase["phase_id"], phase["name"], phase["symmetry"] = 1, np.bytes_("Ni"), np.bytes_("cubic")


def npy(array):
    memory = io.BytesIO()
    np.save(memory, array)
    return memory.getvalue()


def npz(method, **arrays):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", method) as file:
        for name, array in arrays.items():
            file.writestr(name + ".npy", npy(array))
    return memory.getvalue()


def main():
    put("ang", "square", ang("SqrGrid", 3, 3))
    put("ang", "hexagonal", ang("HexGrid", 3, 2))
    put("ang", "eight_columns", ang("SqrGrid", 2, 2, columns=8, crlf=True))
    put("ctf", "points", ctf(comma=False))
    put("ctf", "commas", ctf(comma=True))
    put("oxford_crc", "pair", oxford())
    for encoding in ("ascii", "binary8", "binary16"):
        put("neper", encoding, neper(encoding))
    for target, fill in [("lab_dct", lab_dct), ("dream3d", dream3d), ("edax_hdf5", edax), ("pymicro", pymicro)]:
        put(target, "oldest", hdf5(fill, ("earliest", "v108"), False))
        put(target, "oldest_chunked", hdf5(fill, ("earliest", "v108"), True))
        put(target, "newest", hdf5(fill, ("latest", "latest"), False))
        put(target, "newest_chunked", hdf5(fill, ("latest", "latest"), True))
    angles = np.linspace(0, 1, 36, dtype="f4").reshape(3, 2, 3, 2)
    put("npy", "orientations", npy(angles))
    put("npy", "map_big_endian", npy(angles[..., 0].astype(">f8")))
    put("npy", "fortran", npy(np.asfortranarray(angles[:2])))
    whole = dict(
        euler=angles, phase=np.ones((2, 3, 2), "u1"), mask=np.ones((2, 3, 2), bool),
        grain_ids=np.ones((2, 3, 2), "u4"), spacing=np.ones(3), origin=np.zeros(3), unit=np.array("µm"),
        phases=np.array('[{"name": "Ni", "laue_group": "m-3m", "lattice": null}]'),
    )
    put("npz", "orientations", npz(zipfile.ZIP_STORED, **whole))
    put("npz", "deflated", npz(zipfile.ZIP_DEFLATED, **whole))
    put("npz", "field", npz(zipfile.ZIP_STORED, field=angles, channels=np.array(["a", "b", "c"])))


main()
