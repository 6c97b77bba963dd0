using Jam.Peer.Swarm;

namespace Jam.Peer.Network;

/// <summary>
/// Whom each chunk of a track came from. The swarm's loop writes, whoever tells others reads: a lock, held for an assignment or a pass over
/// an array.
/// </summary>
internal sealed class ChunkSources
{
    private const ushort Missing = ushort.MaxValue;

    private readonly Lock _gate = new();
    private readonly ushort[] _from;
    private readonly List<string> _peers = [];
    private int _missing;

    /// <param name="have">What was here before anything came.</param>
    /// <param name="nowUs">Local instant.</param>
    public ChunkSources(Bitfield have, long nowUs)
    {
        OpenedUs = nowUs;
        _from = new ushort[have.Length];
        for (var chunk = 0; chunk < have.Length; chunk++)
            _from[chunk] = have[chunk] ? (ushort)0 : Missing;
        _missing = have.Length - have.Count;
    }

    /// <summary>How many chunks there are.</summary>
    public int Length => _from.Length;

    /// <summary>Since when they are counted, local clock, microseconds.</summary>
    public long OpenedUs { get; }

    /// <summary>When the last one came, local clock, microseconds; null: not all are here, or all were from the start.</summary>
    public long? CompletedUs { get; private set; }

    /// <summary>A chunk came from a peer.</summary>
    public void Add(int chunk, string peerId, long nowUs)
    {
        lock (_gate)
        {
            if (_from[chunk] != Missing)
                return;
            var place = _peers.IndexOf(peerId);
            if (place < 0)
            {
                place = _peers.Count;
                _peers.Add(peerId);
            }

            _from[chunk] = (ushort)Math.Min(place + 1, Missing - 1);
            if (--_missing == 0)
                CompletedUs = nowUs;
        }
    }

    /// <summary>
    /// The chunks that are here and not in <paramref name="told"/>, which they are added to, as runs; as many as fit.
    /// </summary>
    /// <param name="told">What was told before.</param>
    /// <param name="maxRuns">Most runs.</param>
    /// <param name="maxSources">Most peers that they come from.</param>
    /// <returns>The peers, and three numbers a run: chunks passed over, chunks in it, and 0 or the place of its peer from 1.</returns>
    public (List<string> Sources, List<int> Runs) Tell(Bitfield told, int maxRuns, int maxSources)
    {
        var sources = new List<string>();
        var runs = new List<int>();
        lock (_gate)
        {
            for (int chunk = 0, end = 0; chunk < _from.Length && runs.Count < 3 * maxRuns;)
            {
                var from = _from[chunk];
                if (from == Missing || told[chunk] || PlaceOf(from, sources, maxSources) is not { } place)
                {
                    chunk++;
                    continue;
                }

                var first = chunk;
                for (; chunk < _from.Length && _from[chunk] == from && !told[chunk]; chunk++)
                    told.Set(chunk);
                runs.AddRange([first - end, chunk - first, place]);
                end = chunk;
            }
        }

        return (sources, runs);
    }

    private int? PlaceOf(ushort from, List<string> sources, int maxSources)
    {
        if (from == 0)
            return 0;
        var peer = _peers[Math.Min(from, _peers.Count) - 1];
        var place = sources.IndexOf(peer);
        if (place >= 0)
            return place + 1;
        if (sources.Count == maxSources)
            return null;
        sources.Add(peer);
        return sources.Count;
    }
}
