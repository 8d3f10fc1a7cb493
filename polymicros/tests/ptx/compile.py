"""Compiles CUDA sources to PTX with NVRTC from PyPI's wheels; needs no GPU and no driver.

compile.py ARCHITECTURE FILE... prints, for each file, a line "FILE: KERNEL KERNEL ...", and ends
with 1 and the compiler's log where a file does not compile.
"""

import ctypes
import glob
import os
import re
import sys

import nvidia


def library():
    """NVRTC of whichever version the wheels are of."""
    for folder in nvidia.__path__:
        found = glob.glob(os.path.join(folder, "**", "libnvrtc.so.*"), recursive=True)
        if found:
            return ctypes.CDLL(found[0])
    sys.exit("no libnvrtc.so in the wheels")


def text(nvrtc, program, what):
    """One of the texts that NVRTC keeps about a program."""
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{what}")(program, buffer)
    return buffer.value.decode()


def compile_ptx(nvrtc, path, architecture):
    with open(path, "rb") as file:
        source = file.read()
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), source, os.path.basename(path).encode(), 0, None, None
    )
    options = (ctypes.c_char_p * 1)(f"--gpu-architecture={architecture}".encode())
    if nvrtc.nvrtcCompileProgram(program, 1, options) != 0:
        sys.exit(f"{path}, {architecture}:\n{text(nvrtc, program, 'ProgramLog')}")
    ptx = text(nvrtc, program, "PTX")
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return ptx


def main():
    architecture, files = sys.argv[1], sys.argv[2:]
    nvrtc = library()
    for path in files:
        ptx = compile_ptx(nvrtc, path, architecture)
        target = re.search(r"^\.target\s+(\w+)", ptx, re.MULTILINE).group(1)
        kernels = re.findall(r"\.entry\s+(\w+)", ptx)
        print(f"{path}: {target} {' '.join(kernels)}")


if __name__ == "__main__":
    main()
