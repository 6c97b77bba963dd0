"""What tools/lab/swarm prints of a run."""


def tell(a, r):
    print(f"{a.viewers} viewers, {r['bytes'] / 1e6:.1f} MB in {r['chunks']} chunks; goodput of plain TCP, Mbit/s: "
          + " ".join(f"{g * 8 / 1e6:.2f}" for g in r["goodput"]))
    if r["complete"]:
        print(f"bound {r['bound_s']:.2f} s; last viewer {r['last_s']:.2f} s = {r['efficiency_last']:.1%} of the bound; "
              f"median {r['median_s']:.2f} s = {r['efficiency_median']:.1%}; first chunk {r['first_chunk_s']:.2f} s; "
              f"copies from the host {r['copies_from_host']:.3f} (may be {r['copies_allowed']:.3f})")
    else:
        print(f"bound {r['bound_s']:.2f} s; NOT EVERYONE COMPLETED; copies from the host {r['copies_from_host']:.3f}")
    print(f"idle peers took {r['idle_cpu_share']:.1%} of a processor each; "
          + (f"somebody waited for a processor for {r['cpu_wait_share']:.0%} of the time" if r["cpu_wait_share"] is not None else ""))
    for p in r["peers"]:
        took = f"{p['took_s']:6.2f} s" if p["took_s"] else "       -"
        line = (f"  {p['name']:5} {took}  up {p['bytes_up'] / 1e6:6.2f} MB  from host {p['from_host']:4}  from peers {p['from_peers']:4}  "
                f"on the wire {p['wire_bytes'] / 1e6:6.2f} MB in {p['packets']:5}  cpu {p['cpu_s']:5.2f} s ({p['cpu_share']:.0%})  rss {p['rss_mb']:.0f} MB")
        if "start_s" in p:
            start = "never" if p["start_s"] is None else f"{p['start_s']:.2f} s"
            line += f"  start {start}  underruns {p['underruns']}  silent {p['silent_s']:.1f} s"
        print(line)
