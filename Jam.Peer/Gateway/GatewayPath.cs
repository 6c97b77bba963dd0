using Jam.Peer.Wire;

namespace Jam.Peer.Gateway;

/// <summary>What of a track a browser asks for.</summary>
internal enum GatewayPart
{
    /// <summary>Its bytes.</summary>
    Bytes,

    /// <summary>Where its frames stand in them.</summary>
    Index,

    /// <summary>What its tags say.</summary>
    Tags,

    /// <summary>Its picture.</summary>
    Cover,

    /// <summary>The hashes of its chunks, whose own hash is its id.</summary>
    Manifest,
}

/// <summary>What a path asks for. Nothing of it ever becomes part of a file's name: an id is looked up among the room's tracks.</summary>
/// <param name="Track">The track.</param>
/// <param name="Part">What of it.</param>
internal readonly record struct GatewayPath(TrackId Track, GatewayPart Part)
{
    /// <summary>Where a gateway stands on its port; by itself it tells what there is.</summary>
    public const string Root = "/track/";

    private const int IdLength = 64;

    /// <summary>Reads <c>/track/{track_id}</c>, with <c>/index</c>, <c>/tags</c>, <c>/cover</c> or <c>/manifest</c> behind it or nothing.</summary>
    public static bool TryParse(string? path, out GatewayPath parsed)
    {
        parsed = default;
        if (path is null || !path.StartsWith(Root, StringComparison.Ordinal))
            return false;
        var rest = path.AsSpan(Root.Length);
        if (rest.Length < IdLength || !TrackId.TryParse(rest[..IdLength].ToString(), out var id))
            return false;
        GatewayPart? part = rest[IdLength..] switch
        {
            "" => GatewayPart.Bytes,
            "/index" => GatewayPart.Index,
            "/tags" => GatewayPart.Tags,
            "/cover" => GatewayPart.Cover,
            "/manifest" => GatewayPart.Manifest,
            _ => null,
        };
        parsed = new GatewayPath(id, part ?? default);
        return part is not null;
    }
}
