namespace Jam.Peer.Swarm;

/// <summary>One bit per chunk, the first in the highest bit of the first byte, with its count kept.</summary>
internal sealed class Bitfield
{
    private readonly byte[] _bits;

    /// <summary>All clear.</summary>
    public Bitfield(int length)
    {
        Length = length;
        _bits = new byte[(length + 7) / 8];
    }

    /// <summary>How many bits there are.</summary>
    public int Length { get; }

    /// <summary>How many are set.</summary>
    public int Count { get; private set; }

    /// <summary>Whether all are set.</summary>
    public bool IsFull => Count == Length;

    /// <summary>Whether a bit is set; false beyond the end.</summary>
    public bool this[int index] => (uint)index < (uint)Length && (_bits[index >> 3] & (0x80 >> (index & 7))) != 0;

    /// <summary>Sets a bit; false where it was set already.</summary>
    public bool Set(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Length);
        if (this[index])
            return false;
        _bits[index >> 3] |= (byte)(0x80 >> (index & 7));
        Count++;
        return true;
    }

    /// <summary>Clears a bit; false where it was clear already.</summary>
    public bool Clear(int index)
    {
        if (!this[index])
            return false;
        _bits[index >> 3] &= (byte)~(0x80 >> (index & 7));
        Count--;
        return true;
    }

    /// <summary>All set.</summary>
    public static Bitfield Full(int length)
    {
        var field = new Bitfield(length);
        for (var i = 0; i < length; i++)
            field.Set(i);
        return field;
    }

    /// <summary>From the wire; null where the size is wrong or a bit beyond the end is set.</summary>
    public static Bitfield? TryParse(ReadOnlySpan<byte> bits, int length)
    {
        var field = new Bitfield(length);
        if (bits.Length != field._bits.Length || (length % 8 != 0 && (bits[^1] & (0xFF >> (length % 8))) != 0))
            return null;
        bits.CopyTo(field._bits);
        foreach (var b in bits)
            field.Count += System.Numerics.BitOperations.PopCount(b);
        return field;
    }

    /// <summary>A copy that no one changes.</summary>
    public Bitfield Clone() => TryParse(_bits, Length)!;

    /// <summary>The wire form, a copy.</summary>
    public byte[] ToBytes() => (byte[])_bits.Clone();

    /// <summary>How many bits are set here and clear there.</summary>
    public int CountMissingFrom(Bitfield other)
    {
        var count = 0;
        for (var i = 0; i < _bits.Length; i++)
            count += System.Numerics.BitOperations.PopCount((uint)(_bits[i] & ~other._bits[i]));
        return count;
    }

    /// <summary>The first clear bit at or after <paramref name="from"/>; <see cref="Length"/> where none is.</summary>
    public int NextClear(int from)
    {
        for (var i = from; i < Length; i++)
        {
            if ((i & 7) == 0 && _bits[i >> 3] == 0xFF)
            {
                i += 7;
                continue;
            }

            if (!this[i])
                return i;
        }

        return Length;
    }
}
