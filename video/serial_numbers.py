"""Numbers that wrap around, as RTP counts packets and time (RFC 1982, RFC 3550 appendix A.1)."""


def ahead_16(number: int, reference: int) -> int:
    """How far `number` is ahead of `reference`, both of 16 bits; negative when it is behind."""
    distance = (number - reference) & 0xFFFF
    return distance - 0x10000 if distance & 0x8000 else distance


def ahead_32(number: int, reference: int) -> int:
    """How far `number` is ahead of `reference`, both of 32 bits; negative when it is behind."""
    distance = (number - reference) & 0xFFFFFFFF
    return distance - 0x1_0000_0000 if distance & 0x8000_0000 else distance
