// Maps the libsrtp 3 calls that mediasoup's SrtpSession.cpp and DepLibSRTP.cpp make onto libsrtp 2 (>= 2.4).
// Owns exactly those calls, as C++ overloads beside the 2.x functions of the same names; anything else of 3.x
// is absent on purpose, so that a newer worker which needs more fails to compile instead of misbehaving.
#ifndef PARLEY_SRTP3_OVER_SRTP2_H
#define PARLEY_SRTP3_OVER_SRTP2_H

// In 3.x `srtp_policy_t` is an opaque pointer; the struct of 2.x steps aside under another name.
#define srtp_policy_t srtp2_policy_t
#include <srtp2/srtp.h>
#undef srtp_policy_t

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#ifndef HAVE_SRTP_ERR_STATUS_BUFFER_SMALL
static constexpr srtp_err_status_t srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(28);
#endif
#ifndef HAVE_SRTP_ERR_STATUS_CRYPTEX_ERR
static constexpr srtp_err_status_t srtp_err_status_cryptex_err = static_cast<srtp_err_status_t>(29);
#endif

// SRTCP appends a 32-bit index besides the tag and the MKI that SRTP_MAX_TRAILER_LEN counts.
static constexpr std::size_t PARLEY_SRTCP_INDEX_LEN = 4;

// The policy points into `key`, so the object must live until srtp_create() has returned.
struct parley_srtp_policy_ctx
{
	srtp2_policy_t policy;
	srtp_profile_t profile;
	unsigned char key[SRTP_MAX_KEY_LEN];
};

using srtp_policy_t = parley_srtp_policy_ctx*;

inline srtp_err_status_t srtp_policy_create(srtp_policy_t* policy)
{
	*policy = new (std::nothrow) parley_srtp_policy_ctx();

	return *policy ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

inline void srtp_policy_destroy(srtp_policy_t policy)
{
	if (policy)
	{
		// A plain memset before a delete may be optimised away; key material must not stay in freed memory.
		volatile unsigned char* key = policy->key;

		for (std::size_t i{ 0 }; i < sizeof(policy->key); ++i)
		{
			key[i] = 0;
		}
	}

	delete policy;
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp_policy_t policy, srtp_ssrc_t ssrc)
{
	policy->policy.ssrc = ssrc;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp_policy_t policy, srtp_profile_t profile)
{
	policy->profile = profile;

	const srtp_err_status_t err =
	  srtp_crypto_policy_set_from_profile_for_rtp(&policy->policy.rtp, profile);

	if (err != srtp_err_status_ok)
	{
		return err;
	}

	return srtp_crypto_policy_set_from_profile_for_rtcp(&policy->policy.rtcp, profile);
}

inline srtp_err_status_t srtp_policy_add_key(
  srtp_policy_t policy,
  const std::uint8_t* key,
  std::size_t keyLen,
  const std::uint8_t* salt,
  std::size_t saltLen,
  const std::uint8_t* mki,
  std::size_t mkiLen)
{
	// The worker uses one key without MKI; anything else would be silently ignored below.
	if (mki || mkiLen != 0 || policy->policy.key || keyLen + saltLen > sizeof(policy->key))
	{
		return srtp_err_status_bad_param;
	}

	std::memcpy(policy->key, key, keyLen);
	std::memcpy(policy->key + keyLen, salt, saltLen);
	policy->policy.key = policy->key;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp_policy_t policy, bool allow)
{
	policy->policy.allow_repeat_tx = allow ? 1 : 0;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp_policy_t policy, std::size_t size)
{
	policy->policy.window_size = static_cast<unsigned long>(size);

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_create(srtp_t* session, srtp_policy_t policy)
{
	const srtp2_policy_t* policy2 = &policy->policy;

	return srtp_create(session, policy2);
}

// As in mediasoup's own use, `ssrc` is in network order in both versions.
inline srtp_err_status_t srtp_stream_remove(srtp_t session, std::uint32_t ssrc)
{
	return srtp_remove_stream(session, ssrc);
}

// libsrtp 2 works in place on an `int` length: check that the result fits, copy in to out, transform out.
using parley_srtp_in_place = srtp_err_status_t (*)(srtp_t, void*, int*);

inline srtp_err_status_t parley_srtp_apply(
  parley_srtp_in_place transform,
  srtp_t session,
  const std::uint8_t* in,
  std::size_t inLen,
  std::uint8_t* out,
  std::size_t* outLen,
  std::size_t growth)
{
	if (inLen > static_cast<std::size_t>(std::numeric_limits<int>::max()) - growth)
	{
		return srtp_err_status_bad_param;
	}

	if (*outLen < inLen + growth)
	{
		return srtp_err_status_buffer_small;
	}

	if (out != in)
	{
		std::memmove(out, in, inLen);
	}

	int len = static_cast<int>(inLen);
	const srtp_err_status_t err = transform(session, out, &len);

	if (err == srtp_err_status_ok)
	{
		*outLen = static_cast<std::size_t>(len);
	}

	return err;
}

inline srtp_err_status_t srtp_protect(
  srtp_t session, const std::uint8_t* in, std::size_t inLen, std::uint8_t* out, std::size_t* outLen, std::size_t mkiIndex)
{
	if (mkiIndex != 0)
	{
		return srtp_err_status_bad_mki;
	}

	return parley_srtp_apply(srtp_protect, session, in, inLen, out, outLen, SRTP_MAX_TRAILER_LEN);
}

inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const std::uint8_t* in, std::size_t inLen, std::uint8_t* out, std::size_t* outLen, std::size_t mkiIndex)
{
	if (mkiIndex != 0)
	{
		return srtp_err_status_bad_mki;
	}

	return parley_srtp_apply(
	  srtp_protect_rtcp, session, in, inLen, out, outLen, SRTP_MAX_TRAILER_LEN + PARLEY_SRTCP_INDEX_LEN);
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const std::uint8_t* in, std::size_t inLen, std::uint8_t* out, std::size_t* outLen)
{
	return parley_srtp_apply(srtp_unprotect, session, in, inLen, out, outLen, 0);
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const std::uint8_t* in, std::size_t inLen, std::uint8_t* out, std::size_t* outLen)
{
	return parley_srtp_apply(srtp_unprotect_rtcp, session, in, inLen, out, outLen, 0);
}

#endif
