using System.Buffers.Binary;
using System.Numerics;

namespace Jam.Peer.Swarm;

/// <summary>One bit per chunk, the first in the highest bit of the first byte on the wire, with its count kept.</summary>
internal sealed class Bitfield
{
    // 64 chunks a word, the first in the highest bit; bits beyond the end are always clear.
    private readonly ulong[] _words;

    /// <summary>All clear.</summary>
    public Bitfield(int length)
    {
        Length = length;
        _words = new ulong[(length + 63) / 64];
    }

    /// <summary>How many bits there are.</summary>
    public int Length { get; }

    /// <summary>How many are set.</summary>
    public int Count { get; private set; }

    /// <summary>Whether all are set.</summary>
    public bool IsFull => Count == Length;

    /// <summary>The bits, 64 a word, for set operations.</summary>
    public ReadOnlySpan<ulong> Words => _words;

    /// <summary>Whether a bit is set; false beyond the end.</summary>
    public bool this[int index] => (uint)index < (uint)Length && (_words[index >> 6] & Bit(index)) != 0;

    /// <summary>Sets a bit; false where it was set already.</summary>
    public bool Set(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Length);
        if (this[index])
            return false;
        _words[index >> 6] |= Bit(index);
        Count++;
        return true;
    }

    /// <summary>Clears a bit; false where it was clear already.</summary>
    public bool Clear(int index)
    {
        if (!this[index])
            return false;
        _words[index >> 6] &= ~Bit(index);
        Count--;
        return true;
    }

    /// <summary>All set.</summary>
    public static Bitfield Full(int length)
    {
        var field = new Bitfield(length) { Count = length };
        field._words.AsSpan().Fill(ulong.MaxValue);
        if (length % 64 != 0)
            field._words[^1] = ulong.MaxValue << (64 - length % 64);
        return field;
    }

    /// <summary>From the wire; null where the size is wrong or a bit beyond the end is set.</summary>
    public static Bitfield? TryParse(ReadOnlySpan<byte> bits, int length)
    {
        if (bits.Length != (length + 7) / 8 || (length % 8 != 0 && (bits[^1] & (0xFF >> (length % 8))) != 0))
            return null;
        var field = new Bitfield(length);
        Span<byte> word = stackalloc byte[8];
        for (var i = 0; i < field._words.Length; i++)
        {
            word.Clear();
            var part = bits[(8 * i)..];
            part[..Math.Min(8, part.Length)].CopyTo(word);
            field._words[i] = BinaryPrimitives.ReadUInt64BigEndian(word);
            field.Count += BitOperations.PopCount(field._words[i]);
        }

        return field;
    }

    /// <summary>A copy that no one changes.</summary>
    public Bitfield Clone()
    {
        var copy = new Bitfield(Length) { Count = Count };
        _words.CopyTo(copy._words, 0);
        return copy;
    }

    /// <summary>The wire form, a copy.</summary>
    public byte[] ToBytes()
    {
        var padded = new byte[_words.Length * 8];
        for (var i = 0; i < _words.Length; i++)
            BinaryPrimitives.WriteUInt64BigEndian(padded.AsSpan(8 * i), _words[i]);
        return padded[..((Length + 7) / 8)];
    }

    /// <summary>The first clear bit at or after <paramref name="from"/>; <see cref="Length"/> where none is.</summary>
    public int NextClear(int from)
    {
        for (var word = from >> 6; word < _words.Length; word++)
        {
            var clear = ~_words[word];
            if (word == from >> 6)
                clear &= ulong.MaxValue >> (from & 63);
            if (clear != 0)
                return Math.Min(Length, (word << 6) + BitOperations.LeadingZeroCount(clear));
        }

        return Length;
    }

    /// <summary>The first set bit at or after <paramref name="from"/> of a set of words; -1 where none is.</summary>
    public static int NextSet(ReadOnlySpan<ulong> words, int from)
    {
        for (var word = from >> 6; word < words.Length; word++)
        {
            var set = words[word];
            if (word == from >> 6)
                set &= ulong.MaxValue >> (from & 63);
            if (set != 0)
                return (word << 6) + BitOperations.LeadingZeroCount(set);
        }

        return -1;
    }

    private static ulong Bit(int index) => 1UL << (63 - (index & 63));
}
