using Jam.Peer.Audio.Mp3;
using Jam.Peer.Audio.Sndfile;
using Jam.Peer.Session;

namespace Jam.Peer.Audio;

/// <summary>Which libraries decode. Places, lengths and what is cut off at the ends are the decoders' own and the same with each.</summary>
/// <param name="Mp3">Makes a codec for MPEG audio that begins with such a frame.</param>
/// <param name="SoundFile">Opens what libsndfile knows.</param>
internal sealed record Decoders(Func<Mp3Header, IMp3Codec> Mp3, OpenSoundFile SoundFile)
{
    private static readonly Decoders s_native = new(first => new Mpg123Codec(first), NativeSoundFile.Open);

    /// <summary>What this build can decode with, beside <see cref="DecoderKind.Auto"/>.</summary>
    public static IReadOnlyList<DecoderKind> BuiltIn { get; } =
#if USE_NAUDIO
        [DecoderKind.Native, DecoderKind.NLayer, DecoderKind.NAudio];
#else
        [DecoderKind.Native];
#endif

    /// <summary>The libraries of a kind.</summary>
    /// <exception cref="JamException">This build has none of that kind.</exception>
    public static Decoders Of(DecoderKind kind) => kind switch
    {
        DecoderKind.Native => s_native,
#if USE_NAUDIO
        // On Windows nobody has the names by which the native ones are asked for.
        DecoderKind.Auto => OperatingSystem.IsWindows() ? Of(DecoderKind.NAudio) : s_native,
        DecoderKind.NLayer => Of(DecoderKind.Auto) with { Mp3 = _ => new NLayerCodec() },
        DecoderKind.NAudio => new Decoders(_ => new NLayerCodec(), NAudioSoundFile.Open),
#else
        DecoderKind.Auto => s_native,
#endif
        _ => throw new JamException($"this build has no decoder {kind}"),
    };
}
