"""Counts the vector instructions in SSE encoding that the kernels execute in wasmtime, by function.

On some Intel processors each of them takes about a hundred cycles while the upper halves of the vector registers are in use
(docs/decisions/0028-sse-encoding.md). The counts are the same on every processor with AVX2, so they tell on any machine what
such a processor would do. Needs valgrind and objdump.

    python3 bench/sse_encoding.py target/host/minilm-host MODULE MODEL TOKENS...
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

SYMBOL = re.compile(r"^[0-9a-f]+ <(.*)>:$")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\t(?:[0-9a-f]{2} )+ *\t?(\S+) *(.*)$")


def disassemble(elf: Path) -> dict[int, tuple[str, bool]]:
    """Function, and whether it is a vector instruction in SSE encoding, of each instruction by its offset in the file."""
    headers = subprocess.run(["objdump", "-h", elf], check=True, capture_output=True, text=True).stdout
    # Index, name, size, address, load address, offset in the file.
    text = next(line.split() for line in headers.splitlines() if line.split()[1:2] == [".text"])
    shift = int(text[5], 16) - int(text[3], 16)
    code = subprocess.run(["objdump", "-d", "-w", "-C", elf], check=True, capture_output=True, text=True).stdout
    found, function = {}, ""
    for line in code.splitlines():
        if symbol := SYMBOL.match(line):
            function = symbol[1]
        elif instruction := INSTRUCTION.match(line):
            address, mnemonic, operands = instruction.groups()
            is_sse = not mnemonic.startswith("v") and "%xmm" in operands
            found[int(address, 16) + shift] = (function, is_sse)
    return found


def executions(program: str, module: str, model: str, tokens: str, calls: int, folder: Path) -> tuple[Counter, Path]:
    """How often the instruction at each offset ran in so many calls, and in what comes before them."""
    elf, output = folder / "code.elf", folder / f"callgrind-{calls}"
    tool = ["valgrind", "-q", "--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={output}"]
    command = [*tool, program, "encode", module, model, tokens, str(calls), str(elf)]
    image = int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    counts: Counter = Counter()
    address, skip = 0, False
    for line in output.read_text().splitlines():
        # A cost line is `address line cost`; an address is absolute, relative to the last one, or the same.
        fields = line.split()
        if line.startswith("calls="):
            skip = True
        elif len(fields) == 3 and re.fullmatch(r"0x[0-9a-f]+|[+-]\d+|\*", fields[0]):
            if fields[0].startswith("0x"):
                address = int(fields[0], 16)
            elif fields[0] != "*":
                address += int(fields[0])
            # The line after `calls=` has what the called function cost.
            if not skip:
                counts[address - image] += int(fields[2])
            skip = False
    return counts, elf


def main() -> None:
    program, module, model, *lengths = sys.argv[1:]
    for tokens in lengths:
        with tempfile.TemporaryDirectory() as folder:
            once, _ = executions(program, module, model, tokens, 1, Path(folder))
            twice, elf = executions(program, module, model, tokens, 2, Path(folder))
            code = disassemble(elf)
        executed, sse = Counter(), Counter()
        for offset, (function, is_sse) in code.items():
            count = twice[offset] - once[offset]
            executed[function] += count
            sse[function] += count if is_sse else 0
        total = executed.total()
        print(f"{tokens} tokens: {total:,} instructions, {sse.total():,} of them vector instructions in SSE encoding")
        for function, count in sse.most_common():
            if count:
                print(f"  {count:>12,} of {executed[function]:>13,}  {function}")


if __name__ == "__main__":
    main()
