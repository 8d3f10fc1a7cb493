"""Compiles CUDA sources to PTX and to machine code with NVRTC and ptxas from PyPI's wheels; needs
no GPU and no driver.

compile.py ARCHITECTURE FILE... prints, for each file, a line "FILE: CARD KERNEL KERNEL ...", and
ends with 1 and the compiler's log where a file does not compile.
"""

import ctypes
import glob
import os
import re
import subprocess
import sys
import tempfile

import nvidia


def of_wheels(name):
    """A file of whichever version the wheels are of."""
    for folder in nvidia.__path__:
        found = glob.glob(os.path.join(folder, "**", name), recursive=True)
        if found:
            return found[0]
    sys.exit(f"no {name} in the wheels")


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


def assemble(ptx, path, card):
    """What a driver does before it runs PTX: registers and shared memory must suffice."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "source.ptx")
        with open(source, "w") as file:
            file.write(ptx)
        command = [of_wheels("ptxas"), f"-arch={card}", source, "-o", os.path.join(folder, "out")]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{path}, {card}:\n{done.stderr}")


def main():
    architecture, files = sys.argv[1], sys.argv[2:]
    nvrtc = ctypes.CDLL(of_wheels("libnvrtc.so.*"))
    for path in files:
        ptx = compile_ptx(nvrtc, path, architecture)
        target = re.search(r"^\.target\s+(\w+)", ptx, re.MULTILINE).group(1)
        kernels = re.findall(r"\.entry\s+(\w+)", ptx)
        assemble(ptx, path, target)
        print(f"{path}: {target} {' '.join(kernels)}")


if __name__ == "__main__":
    main()
