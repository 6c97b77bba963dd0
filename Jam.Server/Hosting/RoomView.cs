using Jam.Server.Contracts;

namespace Jam.Server.Hosting;

/// <summary>A room's timeline as its loop last published it, for connections that answer probes without asking the loop.</summary>
internal sealed class RoomView(TimelinePair pair)
{
    private volatile TimelinePair _pair = pair;

    public TimelinePair Pair
    {
        get => _pair;
        set => _pair = value;
    }
}
