"""Opens what `polymicros convert` writes with the programs' own libraries.

    pip install h5py numpy              # and vtk, 566 MB, for the .vti
    cargo run --release -- convert SLICE.dream3d out.dream3d
    cargo run --release -- convert SLICE.dream3d out.vti
    python open_written.py dream3d SLICE.dream3d out.dream3d
    python open_written.py vti SLICE.dream3d out.vti

SLICE.dream3d is a file that DREAM.3D wrote, with orientations, such as `Small_IN100_Slice1.dream3d`
of DREAM.3D's own tests. `dream3d` compares the layout: every group, array and attribute that
DREAM.3D reads must be there with the same type and shape, and the values of the cells must be the
same. `vti` opens the file with VTK and compares grid and values with h5py's of the source.
Exits with 1 and says what differs, or with 0.
"""

import sys

import h5py
import numpy as np

differences = []


def expect(what, ours, theirs):
    """Notes a difference."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape == theirs.shape and ours.size > 8:
        count = np.count_nonzero(ours != theirs)
        if count:
            differences.append(f"{what}: {count} of {ours.size} numbers")
    elif not np.array_equal(ours, theirs):
        differences.append(f"{what}: {ours} instead of {theirs}")


def container(file):
    """The container whose cells have orientations, its cells and its ensemble."""
    for image in file["DataContainers"].values():
        groups = [group for group in image.values() if isinstance(group, h5py.Group)]
        cells = [group for group in groups if "EulerAngles" in group]
        ensembles = [group for group in groups if "CrystalStructures" in group]
        if cells and ensembles:
            return image, cells[0], ensembles[0]
    sys.exit(f"{file.filename}: no container with EulerAngles and CrystalStructures")


def kind(attribute):
    """What an attribute is: text or a type of number, and its shape."""
    attribute = np.asarray(attribute)
    return ("text", ()) if attribute.dtype.kind in "SUO" else (attribute.dtype.str, attribute.shape)


def attributes(what, ours, theirs):
    """Every attribute of theirs is one of ours, of the same kind."""
    for name, value in theirs.attrs.items():
        if name not in ours.attrs:
            differences.append(f"{what}: the attribute {name} is missing")
        else:
            expect(f"{what}, attribute {name}", str(kind(ours.attrs[name])), str(kind(value)))


def array(what, ours, theirs, values=True):
    expect(f"{what}, type", ours.dtype.str, theirs.dtype.str)
    expect(f"{what}, shape", ours.shape, theirs.shape)
    attributes(what, ours, theirs)
    for name in ("ComponentDimensions", "TupleDimensions"):
        if name in ours.attrs and name in theirs.attrs:
            expect(f"{what}, {name}", ours.attrs[name], theirs.attrs[name])
    if values and ours.shape == theirs.shape:
        expect(what, ours[()], theirs[()])


def compare_dream3d(source, written):
    with h5py.File(source) as theirs, h5py.File(written) as ours:
        attributes("the file", ours, theirs)
        for name in theirs:
            if name not in ours:
                differences.append(f"the group {name} is missing")
        (image, cells, ensemble), (their_image, their_cells, their_ensemble) = container(ours), container(theirs)
        attributes("the container", image, their_image)
        geometry, their_geometry = image["_SIMPL_GEOMETRY"], their_image["_SIMPL_GEOMETRY"]
        attributes("the geometry", geometry, their_geometry)
        for name in their_geometry:
            array(f"geometry {name}", geometry[name], their_geometry[name])
        attributes("the cells", cells, their_cells)
        # Angles of cells that are not indexed are not kept.
        indexed = their_cells["Phases"][()] > 0
        compared = [name for name in cells if name in their_cells]
        for name in compared:
            array(f"cells {name}", cells[name], their_cells[name], values=name != "EulerAngles")
        angles, their_angles = cells["EulerAngles"][()], their_cells["EulerAngles"][()]
        expect("cells EulerAngles", angles[indexed[..., 0]], their_angles[indexed[..., 0]])
        attributes("the ensemble", ensemble, their_ensemble)
        for name in their_ensemble:
            if name in ensemble:
                array(f"ensemble {name}", ensemble[name], their_ensemble[name], values=name == "CrystalStructures")
            else:
                differences.append(f"the ensemble array {name} is missing")
        return f"{len(compared)} arrays of cells: {', '.join(compared)}"


def compare_vti(source, written):
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOXML import vtkXMLImageDataReader

    reader = vtkXMLImageDataReader()
    reader.SetFileName(written)
    reader.Update()
    if reader.GetErrorCode():
        sys.exit(f"{written}: VTK reports error {reader.GetErrorCode()}")
    image = reader.GetOutput()
    data = image.GetCellData()
    arrays = {data.GetArrayName(k): vtk_to_numpy(data.GetArray(k)) for k in range(data.GetNumberOfArrays())}
    with h5py.File(source) as theirs:
        their_image, cells, _ = container(theirs)
        geometry = their_image["_SIMPL_GEOMETRY"]
        expect("cells along the axes", np.array(image.GetDimensions()) - 1, geometry["DIMENSIONS"][()])
        for what, found, name in [("spacing", image.GetSpacing(), "SPACING"), ("origin", image.GetOrigin(), "ORIGIN")]:
            expect(what, np.float32(found), geometry[name][()])
        # VTK's cells run with x fastest, as DREAM.3D's do.
        phase = cells["Phases"][()].ravel()
        expect("phase", arrays["phase"].astype(phase.dtype), phase)
        angles = np.stack([arrays[name] for name in ("phi1", "Phi", "phi2")], axis=1)
        expect("Euler angles", angles[phase > 0], cells["EulerAngles"][()].reshape(-1, 3)[phase > 0])
    return f"{image.GetNumberOfCells()} cells; arrays {', '.join(sorted(arrays))}"


if len(sys.argv) != 4 or sys.argv[1] not in ("dream3d", "vti"):
    sys.exit(__doc__)
told = {"dream3d": compare_dream3d, "vti": compare_vti}[sys.argv[1]](*sys.argv[2:])
print(told)
for difference in differences:
    print(f"DIFFERS: {difference}")
sys.exit(1 if differences else 0)
