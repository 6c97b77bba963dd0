namespace Jam.Link;

/// <summary>A packet under way, in a buffer that is used again.</summary>
internal sealed class Packet
{
    /// <summary>More than any packet of a TUN device whose MTU is 1500.</summary>
    public const int MaxBytes = 2048;

    public byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(MaxBytes, pinned: true);

    public int Length { get; set; }

    /// <summary>When it leaves where it is.</summary>
    public long DueNs { get; set; }

    /// <summary>Index of the machine that it goes to.</summary>
    public int To { get; set; }
}
