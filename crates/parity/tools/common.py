"""What the fixtures are made of: bit patterns, generator states, safetensors files."""

import json
import struct

import numpy as np
import torch

torch.set_num_threads(1)
META = {"torch": torch.__version__, "cpu_capability": torch.backends.cpu.get_cpu_capability(), "threads": 1}
NAMES = {
    torch.float32: "f32", torch.float64: "f64", torch.int64: "i64", torch.int32: "i32",
    torch.uint8: "u8", torch.bool: "bool",
}


def bits(t):
    """The bit patterns of a float32 tensor, row-major; hex strings of a float64 one."""
    a = t.detach().contiguous().numpy(force=True)
    if t.dtype == torch.float64:
        return [f"{v:016x}" for v in a.view(np.uint64).ravel().tolist()]
    return a.view(np.uint32).ravel().tolist()


def fnv1a64(data):
    """FNV-1a over bytes, 64 bits."""
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def stored(t):
    """`{dtype, shape, bits | data}`; long arrays as a checksum with both ends."""
    out = {"dtype": NAMES[t.dtype], "shape": list(t.shape)}
    flat = t.detach().contiguous().flatten()
    key = "bits" if t.is_floating_point() else "data"
    values = bits(flat) if t.is_floating_point() else [int(v) for v in flat.tolist()]
    if len(values) <= 200:
        out[key] = values
    else:
        out["fnv1a64"] = fnv1a64(flat.numpy().tobytes())
        out["head"], out["tail"] = values[:16], values[-32:]
    return out


def position():
    """The default generator's words, their number left, the next one's place, and its cached normal."""
    state = torch.get_rng_state().numpy().tobytes()
    left, _seeded, following = struct.unpack_from("<iiQ", state, 8)
    at = 24 + 624 * 8
    cached = struct.unpack_from("<d", state, at + 8)[0] if struct.unpack_from("<i", state, at + 24)[0] else None
    return np.frombuffer(state, np.uint64, 624, 24).astype(np.uint32), left, following, cached


def words(count):
    """The next words of the default generator, which stays where it is."""
    key, left, following, _ = position()
    twin = np.random.MT19937()
    twin.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": 624 if left == 1 else following}}
    return twin.random_raw(count).tolist()


def generator_state():
    """Where the default generator stands, with the four words that it would give next."""
    _, left, following, cached = position()
    hexed = None if cached is None else struct.pack(">d", cached).hex()
    return {"left": left, "next": following, "next_u32": words(4), "cached_normal": hexed}


def write_safetensors(path, tensors):
    """The tensors of a dict, in its order."""
    kinds = {"f32": "F32", "f64": "F64", "i64": "I64", "i32": "I32", "u8": "U8", "bool": "BOOL"}
    head, body = {}, b""
    for name, t in tensors.items():
        data = t.detach().contiguous().numpy(force=True).tobytes()
        head[name] = {"dtype": kinds[NAMES[t.dtype]], "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def write_json(path, head, key, cases):
    """One case a line."""
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    start = json.dumps({"meta": META, **head}, separators=(",", ":"))[:-1]
    path.write_text(f'{start},\n"{key}":[\n{lines}\n]}}\n')
