namespace Jam.Peer.Swarm;

/// <summary>What the other side says it has of tracks whose manifest is not known here: as long as that is so anything may be true.</summary>
internal sealed class EarlyHaves(EarlyBudget budget)
{
    private const int BitsPerWord = 64;
    private ulong[] _words = [];

    /// <summary>How many chunks it reaches over.</summary>
    public int Length => _words.Length * BitsPerWord;

    /// <summary>Whether the other side has said that it has a chunk.</summary>
    public bool this[int chunk] => chunk < Length && (_words[chunk / BitsPerWord] >> (chunk % BitsPerWord) & 1) != 0;

    /// <summary>It has one more. False where the link has used up what it may claim.</summary>
    public bool TrySet(int chunk)
    {
        var words = chunk / BitsPerWord + 1;
        if (words > _words.Length)
        {
            if (!budget.TryTake((words - _words.Length) * sizeof(ulong)))
                return false;
            Array.Resize(ref _words, words);
        }

        _words[chunk / BitsPerWord] |= 1UL << (chunk % BitsPerWord);
        return true;
    }

    /// <summary>Gives back what it took.</summary>
    public void Clear()
    {
        budget.TryTake(-_words.Length * sizeof(ulong));
        _words = [];
    }
}

/// <summary>Bytes that one link may have kept here for tracks whose manifest is not known.</summary>
internal sealed class EarlyBudget
{
    /// <summary>Two hundred tracks of over a gigabyte each.</summary>
    public const int MaxBytes = 512 * 1024;

    private int _taken;

    /// <summary>Takes bytes, or gives them back where negative; false where they would be too many.</summary>
    public bool TryTake(int bytes)
    {
        if (_taken + bytes > MaxBytes)
            return false;
        _taken += bytes;
        return true;
    }
}
