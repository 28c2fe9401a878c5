# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What tshark's expert has to say about us, in a capture taken at our own port.

The capture holds what we sent before anything happened to it, and of the peer's what reached us.
So these are held to be ours, whatever the wire does behind:

- malformed packets, wrong checksums, wrong options, and whatever is not listed below;
- resets, but for what comes late for a connection that both have closed;
- "spurious retransmission": sent again after its ACK had reached us (see GRACE_S);
- "ACKed segment that wasn't captured": an ACK for what never reached us;
- "previous segment not captured": sequence numbers that we left out;
- keep-alives (so tshark calls our window probes) while the window is open;
- and, which the expert does not look for: data beyond the window ever offered to us, an ACK or a
  window's right edge of ours that goes back.

Retransmissions, and what tshark takes for retransmissions ("out-of-order segment": it is too soon
for one), and duplicate ACKs answer what the wire did. On a wire that does nothing they are ours,
too: except a retransmission after the peer was silent for as long as a probe waits (RFC 8985 7.2),
and a duplicate ACK after the peer sent something again.
"""
import collections

import net

GRACE_S = 0.01  # an ACK that is captured has yet to pass our ring and our loop
SILENCE_S = 0.002
FIELDS = ["frame.number", "frame.time_epoch", "ip.src", "tcp.stream", "tcp.seq", "tcp.ack", "tcp.len",
          "tcp.flags", "tcp.window_size", "tcp.window_size_scalefactor", "_ws.expert.message"]
FIN, SYN, RST = 1, 2, 4

# Prefixes of messages.
HARMLESS = (
    "Connection establish request (SYN)",
    "Connection establish acknowledge (SYN+ACK)",
    "Connection finish (FIN)",
    "This frame initiates the connection closing",
    "This frame undergoes the connection closing",
    "TCP window update",
    "TCP window specified by the receiver is now completely full",
    "TCP Zero Window segment",
    "ACK to a TCP keep-alive segment",
    "ACK to a TCP Zero Window Probe",
    # The same in ones' complement; net_tap writes it so.
    "TCP Checksum 0xffff instead of 0x0000",
)
RETRANSMISSIONS = (
    "This frame is a (suspected) retransmission",
    "This frame is a (suspected) fast retransmission",
    "This frame is a (suspected) out-of-order segment",
)
SPURIOUS = "This frame is a (suspected) spurious retransmission"
DUPLICATES = ("Duplicate ACK", "D-SACK Sequence")
RESET = "Connection reset (RST)"
KEEP_ALIVE = "TCP keep-alive segment"
AGAIN = (*RETRANSMISSIONS, SPURIOUS, KEEP_ALIVE)


class Side:
    """One end of a stream, by what it sent."""

    def __init__(self):
        self.last_s = 0.0   # when it last sent
        self.acks = []      # (when, up to where), each farther than the last
        self.edge = 0       # the farthest right edge it offered
        self.ack = 0
        self.window = 0
        self.repeated = False
        self.closed = False  # sent FIN


def packets(path):
    """The segments of a capture, as dictionaries."""
    argv = ["tshark", "-n", "-r", path, "-d", "tcp.port==1-65535,data",
            "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
            "-o", "tcp.desegment_tcp_streams:FALSE",
            "-Y", "tcp", "-T", "fields", "-E", "separator=/t", "-E", "aggregator=;"]
    for field in FIELDS:
        argv += ["-e", field]
    for line in net.run(argv, timeout=120).stdout.splitlines():
        values = dict(zip(FIELDS, line.split("\t")))
        messages = values["_ws.expert.message"].split(";")
        yield {"number": values["frame.number"], "at": float(values["frame.time_epoch"]),
               "src": values["ip.src"], "stream": int(values["tcp.stream"]),
               "seq": int(values["tcp.seq"]), "ack": int(values["tcp.ack"] or 0),
               "len": int(values["tcp.len"]), "flags": int(values["tcp.flags"], 16),
               "window": int(values["tcp.window_size"]),
               "unit": max(1, int(values["tcp.window_size_scalefactor"] or 1)),
               "messages": [m for m in messages if m]}


def judge_message(message, p, us, peer, quiet):
    """None, or what is wrong about it. `quiet`: the wire does nothing to packets."""
    if message.startswith(HARMLESS):
        return None
    if message.startswith(SPURIOUS):
        end = p["seq"] + p["len"]
        known = any(at < p["at"] - GRACE_S and ack >= end for at, ack in peer.acks)
        return message if known else None
    if message.startswith(RETRANSMISSIONS):
        return message if quiet and p["at"] - peer.last_s < SILENCE_S else None
    if message.startswith(DUPLICATES):
        return message if quiet and not peer.repeated else None
    if message.startswith(RESET):
        return None if us.closed and peer.closed else message
    if message.startswith(KEEP_ALIVE):
        return message if peer.window > 0 else None
    return message


def judge_fields(p, us, peer):
    """What the expert does not look for."""
    end = p["seq"] + p["len"]
    if p["flags"] & RST:
        return
    if p["len"] > 0 and end > peer.edge:
        yield f"data up to {end}, beyond the window's edge at {peer.edge}"
    if p["ack"] < us.ack:
        yield f"ACK goes back from {us.ack} to {p['ack']}"
    # Scaling rounds (RFC 7323 2.4).
    if p["ack"] + p["window"] <= us.edge - p["unit"]:
        yield f"the window's edge goes back from {us.edge} to {p['ack'] + p['window']}"


def note(p, side):
    if p["flags"] & RST:
        return
    side.last_s = p["at"]
    side.closed |= bool(p["flags"] & FIN)
    side.window = p["window"]
    if not side.acks or p["ack"] > side.acks[-1][1]:
        side.acks.append((p["at"], p["ack"]))
    side.ack = max(side.ack, p["ack"])
    side.edge = max(side.edge, p["ack"] + p["window"])
    side.repeated |= any(m.startswith(AGAIN) for m in p["messages"])


def judge(path, ours, quiet):
    """The faults of `ours`, an address, as texts; and how often the expert said what about us."""
    faults, said, streams = [], collections.Counter(), {}
    for p in packets(path):
        # What is left over from connections before tells too little.
        if p["stream"] not in streams and not p["flags"] & SYN:
            continue
        us, peer = streams.setdefault(p["stream"], (Side(), Side()))
        if p["src"] != ours:
            note(p, peer)
            continue
        wrong = [judge_message(m, p, us, peer, quiet) for m in p["messages"]]
        wrong += judge_fields(p, us, peer)
        faults += [f"frame {p['number']}, stream {p['stream']}: {w}" for w in wrong if w]
        said.update(m.split(" (#")[0] for m in p["messages"])
        note(p, us)
    if not streams:
        faults.append("the capture is empty")
    return faults, said
