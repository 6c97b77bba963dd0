using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>How far ahead a change is scheduled, so that it reaches everyone's output in time.</summary>
internal static class Lead
{
    /// <summary>The longest round trip and output lead that members report, microseconds.</summary>
    public static (long RttUs, long OutputLeadUs) Worst(Room room)
    {
        long rtt = 0, lead = 0;
        foreach (var (_, seat) in room.Seats)
        {
            rtt = Math.Max(rtt, seat.Member.Stats?.RttUs ?? 0);
            lead = Math.Max(lead, seat.Member.Stats?.OutputLeadUs ?? 0);
        }

        return (rtt, lead);
    }

    /// <summary>clamp(1.5 x worst round trip + worst output lead + 20 ms, 50 ms, 3 s), microseconds.</summary>
    public static long OfUs(Room room)
    {
        var (rtt, lead) = Worst(room);
        return LeadTime.OfUs(rtt, lead);
    }
}
