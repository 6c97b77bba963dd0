using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Says how far the hashing of something large is: nothing in the first two seconds, then a line every two.</summary>
/// <param name="name">What is hashed.</param>
/// <param name="totalBytes">Its length.</param>
/// <param name="time">For the distance of lines.</param>
/// <param name="notice">Tells people.</param>
internal sealed class HashProgress(string name, long totalBytes, TimeProvider time, Action<string> notice)
{
    private const long EveryUs = 2_000_000;

    private long _doneBytes;
    private long _saidAtUs = time.NowUs();

    /// <summary>So many bytes more are hashed.</summary>
    public void Add(int bytes)
    {
        _doneBytes += bytes;
        var nowUs = time.NowUs();
        if (nowUs - _saidAtUs < EveryUs || _doneBytes >= totalBytes)
            return;
        _saidAtUs = nowUs;
        notice($"hashing {Path.GetFileName(name)}: {100 * _doneBytes / totalBytes} % of {Describe.Bytes(totalBytes)}");
    }
}
