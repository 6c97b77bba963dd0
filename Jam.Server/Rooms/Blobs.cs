using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>BLOB: a small value from one member to another or to all, within a rate.</summary>
internal static class Blobs
{
    public static void Relay(RoomTurn turn, Seat by, Blob blob)
    {
        long? to = null;
        if (blob.To is { } peerId)
        {
            if (!turn.Room.Connections.TryGetValue(peerId, out var connection))
            {
                turn.Fail(by.Connection, ErrorCodes.UnknownPeer, "nobody of that id is here");
                return;
            }

            to = connection;
        }

        var paidUs = Math.Max(by.BlobsPaidUs, turn.Now.Us) + RoomRules.BlobCostUs;
        if (paidUs > turn.Now.Us + RoomRules.BlobCreditUs)
        {
            turn.Fail(by.Connection, ErrorCodes.BlobRate, "too many BLOBs; this one was not passed on");
            return;
        }

        turn.Room = turn.Room with { Seats = turn.Room.Seats.SetItem(by.Connection, by with { BlobsPaidUs = paidUs }) };
        var message = new BlobRelay(by.Member.PeerId, blob.Data, to is not null);
        if (to is { } one)
            turn.Send(one, message);
        else
            turn.SendAll(message, by.Connection);
    }
}
