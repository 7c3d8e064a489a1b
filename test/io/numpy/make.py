# Makes the files of this folder, which the tests read: python3 make.py
import os
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
path = lambda name: os.path.join(here, name)
types = ['?', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8']
arrays = {np.dtype(t).name: (np.arange(6) % 2 if t == '?' else np.arange(6) - (0 if t[0] == 'u' else 3)).astype(t).reshape(2, 3) for t in types}
arrays['scalar'] = np.float32(2.5)
arrays['empty'] = np.zeros((0, 4), 'f4')
arrays['vector'] = np.linspace(0, 1, 5, dtype='f4')
arrays['fortran'] = np.asfortranarray(np.arange(24, dtype='i4').reshape(2, 3, 4))
arrays['big'] = np.arange(6, dtype='>f8').reshape(3, 2)
np.savez(path('stored.npz'), **arrays)
np.savez_compressed(path('deflated.npz'), zeros=np.zeros((100, 100), 'f4'), **arrays)
np.save(path('fortran.npy'), arrays['fortran'])
np.save(path('objects.npy'), np.array([{}, None], dtype=object), allow_pickle=True)
